package dev.caravan.health;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Pool;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Compares how often requests went well at the servers of one pool, over intervals. Safe for any
 * thread; needs no timer, because it is asked at failures, without which nobody can stand out.
 */
final class SuccessRates {

  /*
   * A server stands out where its rate is below both
   *
   *   mean - 1.9 * deviation     of the others, and
   *   85 %                       so that 97 % among 99 % is not an illness.
   *
   * The formula and the factor are Envoy's (success_rate_stdev_factor 1900). The difference: Envoy
   * counts the server itself in, and asks for five servers. With everyone in, one of n can lie at
   * most sqrt(n - 1) deviations below the mean, so that of three or four nobody is ever 1.9 below.
   * Pools of three are common here. So the server is held against the others alone.
   *
   * Two others may agree by luck. So their deviation counts as no less than chance alone would
   * make it in as many requests as the server had: sqrt(m (1 - m) / requests), binomial.
   *
   * 20 requests and 3 servers, where Envoy asks for 100 and 5: requests to language models are few
   * and long. Chosen without experiment, as is 85 %.
   */
  private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final int MIN_REQUESTS = 20;
  private static final int MIN_SERVERS = 3;
  private static final double DEVIATIONS = 1.9;
  private static final double WELL_ENOUGH = 0.85;

  private final Pool pool;
  private final Map<Backend, FailureRecord> records;
  private final Map<Backend, Counts> before = new HashMap<>(); // guarded by this
  private volatile long startNanos;

  private record Counts(long good, long bad) {}

  private record Rate(FailureRecord server, double rate, long requests) {}

  /** A server whose rate is far below the others'. */
  record Outlier(FailureRecord server, String reason) {}

  /** An interval begins. */
  SuccessRates(Pool pool, Map<Backend, FailureRecord> records, long nowNanos) {
    this.pool = pool;
    this.records = records;
    this.startNanos = nowNanos;
    read();
  }

  /** Whether the interval is over. */
  boolean due(long nowNanos) {
    return nowNanos - startNanos >= INTERVAL_NANOS;
  }

  /** Those who stood out in the interval that is over, the worst first; the next begins. */
  synchronized List<Outlier> outliers(long nowNanos) {
    if (!due(nowNanos)) {
      return List.of(); // another was faster
    }
    startNanos = nowNanos;
    List<Rate> rates = read();
    List<Outlier> outliers = new ArrayList<>();
    if (rates.size() >= MIN_SERVERS) {
      rates.sort(Comparator.comparingDouble(Rate::rate));
      for (int i = 0; i < rates.size() && rates.get(i).rate < WELL_ENOUGH; i++) {
        hold(i, rates, outliers);
      }
    }
    return outliers;
  }

  private static void hold(int index, List<Rate> all, List<Outlier> outliers) {
    Rate one = all.get(index);
    double sum = 0;
    double squares = 0;
    int others = all.size() - 1;
    for (int i = 0; i < all.size(); i++) {
      sum += i == index ? 0 : all.get(i).rate;
    }
    double mean = sum / others;
    for (int i = 0; i < all.size(); i++) {
      double off = i == index ? 0 : all.get(i).rate - mean;
      squares += off * off;
    }
    double deviation = Math.sqrt(Math.max(squares / others, mean * (1 - mean) / one.requests));
    if (one.rate < mean - DEVIATIONS * deviation) {
      outliers.add(
          new Outlier(
              one.server,
              percent(one.rate)
                  + " % of "
                  + one.requests
                  + " requests went well, "
                  + percent(mean)
                  + " % at the others"));
    }
  }

  private static long percent(double rate) {
    return (long) Math.floor(100 * rate);
  }

  /** What came since the last reading, of those who are in and had enough. */
  private synchronized List<Rate> read() {
    List<Rate> rates = new ArrayList<>();
    for (Backend backend : pool.backends()) {
      FailureRecord record = records.get(backend);
      if (record == null) {
        continue;
      }
      Counts now = new Counts(record.good.sum(), record.bad.sum());
      Counts then = before.put(backend, now);
      long good = then == null ? 0 : now.good - then.good;
      long requests = good + (then == null ? 0 : now.bad - then.bad);
      if (requests >= MIN_REQUESTS && backend.availability().eligible()) {
        rates.add(new Rate(record, (double) good / requests, requests));
      }
    }
    before.keySet().retainAll(pool.backends());
    return rates;
  }
}
