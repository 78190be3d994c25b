package dev.caravan.upstream;

import dev.caravan.fleet.Timeouts;
import dev.caravan.outcome.Outcome.Cause;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** When one attempt has to have come how far. Nothing of this is kept: a call costs no object. */
final class Limits {

  private Limits() {}

  /**
   * The next instant at which something may be too late.
   *
   * @param flowing whether the first byte is here
   */
  static long nextNanos(Timeouts limits, long startNanos, boolean flowing, long lastReadNanos) {
    long total = startNanos + TimeUnit.MILLISECONDS.toNanos(limits.totalMillis());
    long next =
        flowing
            ? lastReadNanos + TimeUnit.MILLISECONDS.toNanos(limits.betweenTokensMillis())
            : startNanos + TimeUnit.MILLISECONDS.toNanos(limits.firstTokenMillis());
    return next - total < 0 ? next : total;
  }

  /** How long a connection may take: no longer than the first token, which comes after it. */
  static long connectMillis(Timeouts limits) {
    return Math.min(limits.connectMillis(), limits.firstTokenMillis());
  }

  /**
   * Which limit has been passed; null for none.
   *
   * @param own the server's own limits: where a client is more impatient, it is not to blame
   */
  static @Nullable Cause passed(
      Timeouts limits,
      Timeouts own,
      long startNanos,
      boolean flowing,
      long lastReadNanos,
      long now) {
    if (now - startNanos >= TimeUnit.MILLISECONDS.toNanos(limits.totalMillis())) {
      return Cause.TOTAL_TIMEOUT;
    }
    if (flowing) {
      return now - lastReadNanos >= TimeUnit.MILLISECONDS.toNanos(limits.betweenTokensMillis())
          ? Cause.IDLE_TIMEOUT
          : null;
    }
    if (now - startNanos < TimeUnit.MILLISECONDS.toNanos(limits.firstTokenMillis())) {
      return null;
    }
    return limits.firstTokenMillis() < own.firstTokenMillis()
        ? Cause.CLIENT_LIMIT
        : Cause.FIRST_BYTE_TIMEOUT;
  }

  /** What has not happened, for the operator. */
  static String detail(Cause passed, Timeouts limits) {
    return switch (passed) {
      case TOTAL_TIMEOUT -> "not done in " + limits.totalMillis() + " ms";
      case IDLE_TIMEOUT -> "silent for " + limits.betweenTokensMillis() + " ms";
      default -> "no first token in " + limits.firstTokenMillis() + " ms";
    };
  }
}
