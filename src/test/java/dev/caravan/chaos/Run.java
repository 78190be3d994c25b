package dev.caravan.chaos;

import dev.caravan.chaos.Result.End;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Everything that is known of a run once it is over. Immutable.
 *
 * @param timeoutMillis how long servers may be silent
 * @param calmFromNanos when everything was warm
 * @param calmUntilNanos when the first thing was done to a server
 * @param wellFromNanos since when all servers are well, and trusted by the gateway
 * @param attempts at all servers, by cause of failure; the empty cause is none
 * @param accessLog the gateway's, a line a request
 */
record Run(
    long seed,
    int perSecond,
    long timeoutMillis,
    List<Schedule> schedules,
    List<Result> results,
    List<Injected> injected,
    long calmFromNanos,
    long calmUntilNanos,
    long wellFromNanos,
    Map<String, Long> attempts,
    List<String> accessLog) {

  List<Result> ended(End how) {
    return results.stream().filter(result -> result.end() == how).toList();
  }

  Pool poolOf(String server) {
    return schedules.stream()
        .map(Schedule::pool)
        .filter(pool -> pool.servers().contains(server))
        .findFirst()
        .orElseThrow();
  }

  /** The requests to a pool that were sent in a span of time. */
  List<Result> sent(String pool, long fromNanos, long toNanos) {
    return results.stream()
        .filter(result -> result.ask().pool().model().equals(pool))
        .filter(r -> r.sentNanos() - fromNanos >= 0 && r.sentNanos() - toNanos < 0)
        .toList();
  }

  List<Injected> injected(Kind kind) {
    return injected.stream().filter(each -> each.injection().kind() == kind).toList();
  }

  /** Whom the gateway sent a request to and got an answer of, in a list of results. */
  static Map<String, Integer> byBackend(List<Result> results) {
    Map<String, Integer> counts = new TreeMap<>();
    for (Result result : results) {
      if (!result.backend().isEmpty()) {
        counts.merge(result.backend(), 1, Integer::sum);
      }
    }
    return counts;
  }

  long attemptsInAll() {
    return attempts.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Attempts without those that found no connection: nothing was sent then. */
  long attemptsConnected() {
    return attemptsInAll() - attempts.getOrDefault("connect", 0L);
  }
}
