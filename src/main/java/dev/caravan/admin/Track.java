package dev.caravan.admin;

import dev.caravan.telemetry.Attempts;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of one server or pool to tell how it does: sums as they were in the last seconds,
 * and its history. Not safe for threads.
 */
final class Track {
  /** Seconds that a rate is taken over: long enough to be steady, short enough to be live. */
  static final int RATE_SECONDS = 5;

  /** Seconds that a percentile or a ratio is taken over. */
  static final int WINDOW_SECONDS = 30;

  private static final int PARTS = WINDOW_SECONDS / History.STEP_SECONDS;

  private final Growth requests = new Growth(RATE_SECONDS);
  private final Growth failures = new Growth(RATE_SECONDS);
  private final Growth retries = new Growth(RATE_SECONDS);
  private final Growth tokens = new Growth(RATE_SECONDS);
  private final Growth cached = new Growth(WINDOW_SECONDS);
  private final Growth cachable = new Growth(WINDOW_SECONDS);
  private final ArrayDeque<Histogram> earlier = new ArrayDeque<>();
  private final History.Ring history = new History.Ring();
  private Numbers latest = Numbers.unknown(0);

  /** Sums since the start, put together for one sample. */
  static final class Sums {
    long inflight;
    long requests;
    long failures;
    long retries;
    long outputTokens;
    long cachedTokens;
    long cachableTokens;
    final Histogram firstBytes = new Histogram(TimeUnit.HOURS.toMicros(1), 1);

    /** Adds what a pool has had of a server, but for how many attempts there were. */
    void add(Attempts attempts) {
      outputTokens += attempts.outputTokens();
      cachedTokens += attempts.cachedTokens();
      cachableTokens += attempts.cachableTokens();
      attempts.addFirstBytesTo(firstBytes);
    }
  }

  Numbers latest() {
    return latest;
  }

  /**
   * Takes the next sample.
   *
   * @param step whether one more step of the history is over
   */
  Numbers add(Sums sums, long nowNanos, boolean step) {
    requests.add(sums.requests, nowNanos);
    failures.add(sums.failures, nowNanos);
    retries.add(sums.retries, nowNanos);
    tokens.add(sums.outputTokens, nowNanos);
    cached.add(sums.cachedTokens, nowNanos);
    cachable.add(sums.cachableTokens, nowNanos);
    Histogram window = window(sums.firstBytes);
    latest =
        new Numbers(
            sums.inflight,
            Sampler.rounded(requests.perSecond()),
            sums.outputTokens == 0 ? null : Sampler.rounded(tokens.perSecond()),
            Sampler.rounded(failures.perSecond()),
            Sampler.rounded(retries.perSecond()),
            percentile(window, 50),
            percentile(window, 95),
            ratio(cached.delta(), cachable.delta()));
    if (step || earlier.isEmpty()) {
      earlier.addLast(sums.firstBytes);
      if (earlier.size() > PARTS) {
        earlier.removeFirst();
      }
    }
    if (step) {
      history.add(latest);
    }
    return latest;
  }

  /** What came since the oldest that is kept; null where none is. */
  private @Nullable Histogram window(Histogram now) {
    Histogram oldest = earlier.peekFirst();
    if (oldest != null && oldest.getTotalCount() > now.getTotalCount()) {
      earlier.clear(); // begun anew
      oldest = null;
    }
    if (oldest == null) {
      return null;
    }
    Histogram window = now.copy();
    window.subtract(oldest);
    return window;
  }

  private static @Nullable Double percentile(@Nullable Histogram window, double percent) {
    return window == null || window.getTotalCount() == 0
        ? null
        : Sampler.rounded(window.getValueAtPercentile(percent) / 1e6);
  }

  private static @Nullable Double ratio(@Nullable Double part, @Nullable Double whole) {
    return part == null || whole == null || whole <= 0
        ? null
        : Sampler.rounded(Math.min(1, part / whole));
  }

  History history(String name, long to) {
    return history.read(name, to);
  }
}
