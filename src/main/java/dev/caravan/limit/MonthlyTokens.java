package dev.caravan.limit;

import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The tokens of one calendar month, in UTC. Safe for any thread: a month counts in one atomic
 * number, and is swapped whole under a lock that is taken once a month.
 */
final class MonthlyTokens {
  private static final long DAY_MILLIS = 24 * 3_600_000;

  /**
   * One month and what was used in it.
   *
   * @param number months since the year 0
   * @param startMillis its first instant, in milliseconds since 1970
   * @param endMillis the first instant of the next, in milliseconds since 1970
   * @param untold what of it the other gateways do not know of yet
   */
  record Month(long number, long startMillis, long endMillis, AtomicLong used, Untold untold) {

    private static Month at(long epochMillis, boolean shared) {
      YearMonth month = YearMonth.from(Instant.ofEpochMilli(epochMillis).atOffset(ZoneOffset.UTC));
      return new Month(
          month.getYear() * 12L + month.getMonthValue() - 1,
          start(month),
          start(month.plusMonths(1)),
          new AtomicLong(),
          new Untold(shared));
    }

    private static long start(YearMonth of) {
      return of.atDay(1).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
    }

    /** Whether it is that month; a clock may be set back by a day, and does not end it. */
    boolean is(long epochMillis) {
      return epochMillis < endMillis && epochMillis >= startMillis - DAY_MILLIS;
    }

    /** As {@code 2026-11}. */
    String label() {
      return YearMonth.of((int) (number / 12), (int) (number % 12) + 1).toString();
    }

    /** Uses more, or less where {@code tokens} is negative, whatever the limit. */
    void charge(long tokens) {
      used.addAndGet(tokens);
      untold.add(tokens);
    }

    /**
     * By what all gateways used, that is the sum; what was used here since it was told is added.
     */
    void heard(long sum) {
      used.set(sum + untold.get());
    }

    /** Takes tokens where no more than {@code limit} would be used then. */
    boolean take(long limit, long tokens) {
      while (true) {
        long before = used.get();
        if (before + tokens > limit) {
          return false;
        }
        if (used.compareAndSet(before, before + tokens)) {
          untold.add(tokens);
          return true;
        }
      }
    }
  }

  private final boolean shared;
  private volatile Month current;

  /**
   * Nothing is used.
   *
   * @param shared whether other gateways use of it too
   */
  MonthlyTokens(long epochMillis, boolean shared) {
    this.shared = shared;
    current = Month.at(epochMillis, shared);
  }

  /**
   * The month that it is. A clock that is set back a little does not bring an old one back; one
   * that was far ahead must not keep its month until then.
   */
  Month now(long epochMillis) {
    Month known = current;
    return known.is(epochMillis) ? known : next(epochMillis);
  }

  private synchronized Month next(long epochMillis) {
    if (!current.is(epochMillis)) {
      current = Month.at(epochMillis, shared);
    }
    return current;
  }
}
