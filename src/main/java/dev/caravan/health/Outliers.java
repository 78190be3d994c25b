package dev.caravan.health;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.fleet.PoolPolicy.Ejection;
import dev.caravan.fleet.ServerState;
import dev.caravan.health.EjectionListener.Ground;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.outcome.Outcome.FailedBefore;
import dev.caravan.outcome.Outcome.Lesson;
import dev.caravan.outcome.Outcome.Throttled;
import dev.caravan.time.Chance;
import dev.caravan.time.Ticker;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Learns from how requests end which servers should get none for a while, and tells {@link
 * HealthSignals}: those that fail, in a row or far more often than the others; those that ask to be
 * left alone; those that refuse the gateway's credentials; those that are gone.
 *
 * <p>Safe for any thread. A request that went well costs one addition; the lock is taken when a
 * server may have to go.
 *
 * @see <a
 *     href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier">Envoy,
 *     Outlier detection</a>
 */
public final class Outliers {
  private static final Logger LOG = LoggerFactory.getLogger(Outliers.class);

  /*
   * Chosen without experiment, except where a source is named:
   *
   * - 5 min: Envoy's default for the longest ejection. Longer than the base where that is longer.
   * - +-20 %: servers that fell out together do not come back in the same second.
   * - One past ejection is forgotten for every ten base times in the traffic. A server that fails
   *   again within that has the same illness.
   * - 10 min: an engine that is full is not full for longer. A server could take itself out for good
   *   by a wrong clock otherwise.
   * - 1 s to 30 s: what a rate limit per minute takes to have room again, found by doubling.
   */
  private static final long LONGEST_EJECTION_MILLIS = TimeUnit.MINUTES.toMillis(5);

  private static final double JITTER = 0.2;
  private static final int BASES_TO_FORGET = 10;
  private static final long LONGEST_ASKED_MILLIS = TimeUnit.MINUTES.toMillis(10);
  private static final long FIRST_UNSAID_MILLIS = TimeUnit.SECONDS.toMillis(1);
  private static final long LONGEST_UNSAID_MILLIS = TimeUnit.SECONDS.toMillis(30);

  private final HealthSignals signals;
  private final EjectionListener listener;
  private final Ticker ticker;
  private final Chance chance;
  private final Map<Backend, FailureRecord> records = new ConcurrentHashMap<>();
  private final Map<Pool, SuccessRates> rates = new ConcurrentHashMap<>();

  /** Nobody is known yet. */
  public Outliers(HealthSignals signals, EjectionListener listener, Ticker ticker, Chance chance) {
    this.signals = signals;
    this.listener = listener;
    this.ticker = ticker;
    this.chance = chance;
  }

  /** Learns from every lease of a server from now on; called once for each. */
  public void watch(Backend backend) {
    FailureRecord watched = new FailureRecord(backend, ticker);
    records.put(backend, watched);
    backend.onClose((lease, outcome) -> learn(watched, lease, outcome));
  }

  /** A server has left the fleet. */
  public void forget(Backend backend) {
    records.remove(backend);
  }

  /** A pool is no more. */
  public void forget(Pool pool) {
    rates.remove(pool);
  }

  private void learn(FailureRecord server, Lease lease, Outcome outcome) {
    if (outcome.lesson() == Lesson.GOOD) {
      server.wentWell(lease, ticker);
    } else if (outcome instanceof Throttled throttled) {
      throttled(server, throttled.detail(), throttled.retryAfterMillis());
    } else if (outcome instanceof FailedBefore failed && failed.cause() == Cause.CREDENTIALS) {
      signals.misconfigured(server.backend, failed.detail());
    } else if (outcome instanceof FailedBefore failed && failed.cause() == Cause.REFUSED) {
      signals.refused(server.backend, failed.detail());
    } else if (outcome instanceof FailedBefore failed && failed.retryAfterMillis() > 0) {
      throttled(
          server,
          failed.detail() + ", retry after " + failed.retryAfterMillis() + " ms",
          failed.retryAfterMillis());
    } else if (outcome.lesson() == Lesson.BAD && !Busy.timedOut(lease, outcome)) {
      failed(server, lease.pool(), outcome);
    }
  }

  // ---- left alone

  private void throttled(FailureRecord server, String detail, long askedMillis) {
    if (askedMillis > LONGEST_ASKED_MILLIS) {
      signals.throttle(
          server.backend,
          LONGEST_ASKED_MILLIS,
          detail + ", of which it gets " + LONGEST_ASKED_MILLIS + " ms");
    } else if (askedMillis > 0) {
      signals.throttle(server.backend, askedMillis, detail);
    } else {
      long millis =
          server.throttledUnsaid(ticker.nanos(), FIRST_UNSAID_MILLIS, LONGEST_UNSAID_MILLIS);
      if (millis > 0) {
        signals.throttle(
            server.backend, millis, detail + "; it did not say for how long: " + millis + " ms");
      }
    }
  }

  // ---- ejected

  private void failed(FailureRecord server, String pool, Outcome outcome) {
    server.bad.increment();
    int inARow = server.inARow.incrementAndGet();
    Ejection said = policy(server.backend, pool).ejection();
    int most = said.consecutiveFailures();
    // Where it was held back it is looked at again after as many more failures.
    if (most > 0 && inARow % most == 0) {
      eject(
          server,
          said,
          Ground.CONSECUTIVE_FAILURES,
          inARow + " requests in a row failed, the last: " + outcome.detail());
    }
    compare(server.backend);
  }

  private static PoolPolicy policy(Backend backend, String name) {
    for (Pool pool : backend.pools()) {
      if (pool.name().equals(name)) {
        return pool.policy();
      }
    }
    return PoolPolicy.DEFAULT;
  }

  /** Compares the servers of each pool of that server, where it is time to. */
  private void compare(Backend backend) {
    for (Pool pool : backend.pools()) {
      Ejection said = pool.policy().ejection();
      if (said.consecutiveFailures() == 0) {
        continue;
      }
      SuccessRates ofPool =
          rates.computeIfAbsent(pool, p -> new SuccessRates(p, records, ticker.nanos()));
      if (!ofPool.due(ticker.nanos())) {
        continue;
      }
      for (SuccessRates.Outlier low : ofPool.outliers(ticker.nanos())) {
        eject(low.server(), said, Ground.SUCCESS_RATE, low.reason());
      }
    }
  }

  private synchronized void eject(
      FailureRecord server, Ejection said, Ground ground, String reason) {
    Backend backend = server.backend;
    long now = ticker.nanos();
    if (!backend.availability().eligible()) {
      // It is out, and these are the answers of requests that it had. It starts anew.
      server.inARow.set(0);
      return;
    }
    if (!othersSuffice(backend)) {
      listener.heldBack(backend.name(), ground);
      if (server.heldBackLog.enter() >= 0) {
        LOG.warn("{} is not ejected, too few others are left: {}", backend, reason);
      }
      return;
    }
    long base = said.baseMillis();
    if (server.ejected) {
      long forgotten =
          Math.max(0, now - server.ejectedUntilNanos)
              / TimeUnit.MILLISECONDS.toNanos(base * BASES_TO_FORGET);
      server.ejections -= (int) Math.min(server.ejections, forgotten);
    }
    double longest = (double) Math.max(base, LONGEST_EJECTION_MILLIS);
    double capped = Math.min(longest, (double) base * Math.pow(2, server.ejections));
    long millis = Math.max(1, Math.round(capped * (1 - JITTER + 2 * JITTER * chance.unit())));
    server.ejections++;
    server.ejected = true;
    server.ejectedUntilNanos = now + TimeUnit.MILLISECONDS.toNanos(millis);
    server.inARow.set(0);
    listener.ejected(backend.name(), ground);
    signals.eject(backend, millis, reason);
  }

  /** Whether every pool that it answers for can do without it. */
  private boolean othersSuffice(Backend backend) {
    boolean served = false;
    for (Pool pool : backend.pools()) {
      List<Backend> all = pool.backends();
      if (!all.contains(backend)) {
        continue; // its route has changed
      }
      served = true;
      int usable = 0;
      int out = 0;
      for (Backend other : all) {
        if (other != backend) {
          usable += other.availability().eligible() && other.gate().permits() ? 1 : 0;
          out += outByFailures(other) ? 1 : 0;
        }
      }
      int percent = pool.policy().ejection().maxPercent();
      // Half of three is one, and a tenth of two as well: none at all would make no sense.
      int most = percent == 0 ? 0 : Math.max(1, all.size() * percent / 100);
      if (usable == 0 || out >= most) {
        return false;
      }
    }
    return served;
  }

  /** Whether it was ejected and is not back: when the time is over it has to prove itself first. */
  private boolean outByFailures(Backend backend) {
    FailureRecord record = records.get(backend);
    ServerState state = backend.availability().state();
    return record != null
        && record.ejected
        && !backend.availability().eligible()
        && (state == ServerState.DOWN || state == ServerState.HUNG);
  }
}
