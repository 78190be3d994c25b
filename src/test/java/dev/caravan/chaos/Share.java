package dev.caravan.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How much of its pool's traffic a server got in one second, after it was started again and had its
 * first request.
 *
 * @param second after that, from 0
 * @param requests of the pool in that second that somebody answered
 * @param servers it and those to which nothing was done meanwhile
 */
record Share(String server, int second, int requests, int its, int servers) {
  private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int SECONDS = 5;

  /** All shares of a run, as long as nothing else was done to the server that came back. */
  static List<Share> of(Run run) {
    List<Share> shares = new ArrayList<>();
    for (Injected injected : run.injected()) {
      String server = injected.injection().server();
      OptionalLong first =
          run.results().stream()
              .filter(result -> result.backend().equals(server))
              .mapToLong(Result::sentNanos)
              .filter(sent -> sent - injected.healedNanos() >= 0)
              .min();
      if (!injected.injection().kind().comesBackCold() || first.isEmpty()) {
        continue;
      }
      for (int second = 0; second < SECONDS; second++) {
        Share share = of(run, injected, first.getAsLong(), second);
        if (share != null) {
          shares.add(share);
        }
      }
    }
    return shares;
  }

  private static @Nullable Share of(Run run, Injected injected, long firstNanos, int second) {
    long from = firstNanos + second * WINDOW_NANOS;
    long to = from + WINDOW_NANOS;
    String server = injected.injection().server();
    Pool pool = run.poolOf(server);
    Set<String> well = new TreeSet<>(pool.servers());
    for (Injected other : run.injected()) {
      boolean meanwhile = other.beganNanos() - to < 0 && other.recoveredNanos() - from > 0;
      if (meanwhile && !other.equals(injected) && other.injection().server().equals(server)) {
        return null;
      }
      if (meanwhile && !other.equals(injected)) {
        well.remove(other.injection().server());
      }
    }
    Map<String, Integer> counts = Run.byBackend(run.sent(pool.model(), from, to));
    int requests = counts.values().stream().mapToInt(Integer::intValue).sum();
    if (requests < run.perSecond() / 2 || well.size() < 2) {
      return null; // the load had ended, or there was nobody else
    }
    return new Share(server, second, requests, counts.getOrDefault(server, 0), well.size());
  }

  /** Its share over the one that is fair: 1 is fair. */
  double ofFair() {
    return (double) its * servers / requests;
  }

  /**
   * Whether it is a herd: more than one and a half times the fair share, and beyond what chance
   * explains. A random choice among n servers has a variance of requests (1 - 1/n) / n; three
   * standard deviations are passed once in 740 seconds, on top of the half.
   */
  boolean herd() {
    double fair = (double) requests / servers;
    double deviation = Math.sqrt(fair * (1 - 1.0 / servers));
    return its > 1.5 * fair + 3 * deviation;
  }
}
