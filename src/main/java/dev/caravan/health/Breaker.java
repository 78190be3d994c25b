package dev.caravan.health;

import dev.caravan.fleet.Gate;
import dev.caravan.outcome.Outcome;
import dev.caravan.time.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.github.resilience4j.circuitbreaker.internal.CircuitBreakerStateMachine;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The circuit breaker of one model server. Whoever wants to call the server asks for a {@link
 * Permission} and answers it once. Any thread may call everything; nothing blocks, no thread of its
 * own runs, and time comes from a {@link Ticker}.
 *
 * <p>It learns from a call's {@link Outcome.Lesson}: {@code GOOD} and {@code BAD} count, {@code
 * NONE} gives the permission back. A call teaches only the phase that permitted it: what was sent
 * before the breaker opened, and fails long after, is no evidence against the recovered server.
 */
public final class Breaker implements Gate {
  private static final Logger LOG = LoggerFactory.getLogger(Breaker.class);

  /*
   * The arithmetic is resilience4j's CircuitBreakerStateMachine. Around it:
   *
   * - A Phase is one stay in one state. It is replaced whole, so that permits() reads one volatile
   *   and two numbers, and asking never moves the machine (its tryAcquirePermission does).
   * - While closed, the machine hands out permissions without counting them: acquire() takes none
   *   from it and needs no lock. Every other step is taken under this object's lock, so that the
   *   machine and the phase move together: a trial call must never be handed out and then not be
   *   recognised at its end, or the breaker would wait in half-open for ever.
   * - No event consumer is registered: with one, the machine makes an event with a wall-clock
   *   timestamp for every successful call. The phase follows the machine's state after each call.
   */

  private final String server;
  private final Ticker ticker;
  private final HealthListener listener;
  private volatile Phase phase;

  /** A closed breaker. */
  Breaker(String server, BreakerSettings settings, Ticker ticker, HealthListener listener) {
    this.server = server;
    this.ticker = ticker;
    this.listener = listener;
    this.phase = new Phase(settings, machine(settings), State.CLOSED, ticker.nanos());
  }

  /** What a breaker may be. */
  public enum State {
    /** Calls go through and are counted. */
    CLOSED,
    /** No call goes through until the wait is over. */
    OPEN,
    /** A few trial calls go through; they decide. */
    HALF_OPEN
  }

  /** One stay in one state, and how many trial calls of it are out or judged. */
  static final class Phase {
    private final BreakerSettings settings;
    private final CircuitBreaker machine;
    private final State state;
    private final long sinceNanos;
    private final AtomicInteger trials = new AtomicInteger();

    Phase(BreakerSettings settings, CircuitBreaker machine, State state, long sinceNanos) {
      this.settings = settings;
      this.machine = machine;
      this.state = state;
      this.sinceNanos = sinceNanos;
    }
  }

  public String server() {
    return server;
  }

  public State state() {
    return phase.state;
  }

  public BreakerSettings settings() {
    return phase.settings;
  }

  /** The share of failed calls in the window, in percent; -1 below the minimum of calls. */
  public float failureRatePercent() {
    return phase.machine.getMetrics().getFailureRate();
  }

  /**
   * Whether a call made now would be permitted: always while closed, after the wait while open, as
   * long as a trial call is free while half-open. Changes nothing.
   */
  @Override
  public boolean permits() {
    Phase now = phase;
    return switch (now.state) {
      case CLOSED -> true;
      case OPEN -> waitIsOver(now);
      case HALF_OPEN -> now.trials.get() < now.settings.halfOpenCalls();
    };
  }

  /**
   * Takes a permission, which the caller must answer on every path.
   *
   * @return null where the call must not be made
   */
  public @Nullable Permission acquire() {
    Phase now = phase;
    if (now.state == State.CLOSED) {
      return new Permission(this, now);
    }
    synchronized (this) {
      boolean permitted = phase.machine.tryAcquirePermission();
      follow("the wait is over");
      Phase current = phase;
      if (!permitted) {
        return null;
      }
      if (current.state == State.HALF_OPEN) {
        current.trials.incrementAndGet();
      }
      return new Permission(this, current);
    }
  }

  /** One permission is answered; {@link Permission} sees to it that this happens once. */
  void learn(Phase asked, Outcome.Lesson lesson, long nanos, String detail) {
    if (asked.state == State.CLOSED) {
      if (phase == asked) {
        record(asked, lesson, nanos);
        if (asked.machine.getState() != CircuitBreaker.State.CLOSED) {
          synchronized (this) {
            follow(detail);
          }
        }
      }
      return;
    }
    synchronized (this) {
      if (phase == asked) {
        record(asked, lesson, nanos);
        follow(detail);
      }
    }
  }

  private void record(Phase asked, Outcome.Lesson lesson, long nanos) {
    switch (lesson) {
      case GOOD -> asked.machine.onSuccess(nanos, TimeUnit.NANOSECONDS);
      case BAD -> asked.machine.onError(nanos, TimeUnit.NANOSECONDS, new Failed());
      case NONE -> {
        asked.machine.releasePermission();
        if (asked.state == State.HALF_OPEN) {
          asked.trials.decrementAndGet();
        }
      }
    }
  }

  /**
   * Closes it and forgets what it has counted. For the prober: a server that has answered several
   * real prompts in a row has shown more than the trial calls of half-open would ask of it, and no
   * user's request need be risked for them.
   */
  public synchronized void reset(String reason) {
    phase.machine.reset();
    if (phase.state == State.CLOSED) {
      phase = new Phase(phase.settings, phase.machine, State.CLOSED, ticker.nanos());
    } else {
      follow(reason);
    }
  }

  /**
   * Takes new settings. Others than those in force start a new, closed breaker: counts over
   * different windows cannot be compared. Calls in flight teach the old one, which nobody asks any
   * more.
   */
  synchronized void settings(BreakerSettings wanted) {
    State before = phase.state;
    if (!phase.settings.equals(wanted)) {
      phase = new Phase(wanted, machine(wanted), State.CLOSED, ticker.nanos());
      LOG.info("breaker of {}: new settings, {} -> closed", server, word(before));
      if (before != State.CLOSED) {
        listener.breakerMoved(server, before, State.CLOSED, "new settings");
      }
    }
  }

  /** Lets the phase follow the machine's state; logs a change once. Under the lock. */
  private void follow(String why) {
    Phase before = phase;
    State now =
        switch (before.machine.getState()) {
          case OPEN -> State.OPEN;
          case HALF_OPEN -> State.HALF_OPEN;
          default -> State.CLOSED;
        };
    if (now == before.state) {
      return;
    }
    phase = new Phase(before.settings, before.machine, now, ticker.nanos());
    String reason =
        now == State.OPEN
            ? describe(before.machine.getMetrics()) + "; the last: " + why
            : before.state == State.HALF_OPEN ? "its trial calls went well" : why;
    if (now == State.OPEN) {
      LOG.warn(
          "breaker of {}: open for {} ms, {}", server, before.settings.waitOpenMillis(), reason);
    } else {
      LOG.info("breaker of {}: {}, {}", server, word(now), reason);
    }
    listener.breakerMoved(server, before.state, now, reason);
  }

  private static String describe(CircuitBreaker.Metrics window) {
    int slow = window.getNumberOfSlowCalls();
    return window.getNumberOfFailedCalls()
        + (slow == 0 ? "" : " failed and " + slow + " slow")
        + " of "
        + window.getNumberOfBufferedCalls()
        + (slow == 0 ? " calls failed" : " calls");
  }

  private boolean waitIsOver(Phase open) {
    return ticker.nanos() - open.sinceNanos
        > TimeUnit.MILLISECONDS.toNanos(open.settings.waitOpenMillis());
  }

  private static String word(State state) {
    return switch (state) {
      case CLOSED -> "closed";
      case OPEN -> "open";
      case HALF_OPEN -> "half-open";
    };
  }

  private CircuitBreaker machine(BreakerSettings settings) {
    // Its public factories offer no clock of one's own without a registry; the constructor does.
    return new CircuitBreakerStateMachine(
        server,
        CircuitBreakerConfig.custom()
            .slidingWindowType(
                settings.window() == BreakerSettings.Window.CALLS
                    ? SlidingWindowType.COUNT_BASED
                    : SlidingWindowType.TIME_BASED)
            .slidingWindowSize(settings.windowSize())
            .minimumNumberOfCalls(settings.minimumCalls())
            .failureRateThreshold(settings.failureRatePercent())
            .waitDurationInOpenState(Duration.ofMillis(settings.waitOpenMillis()))
            .permittedNumberOfCallsInHalfOpenState(settings.halfOpenCalls())
            .slowCallDurationThreshold(Duration.ofMillis(settings.slowMillis()))
            .slowCallRateThreshold(settings.slowRatePercent())
            .automaticTransitionFromOpenToHalfOpenEnabled(false)
            .clock(new TickerClock(ticker))
            .currentTimestampFunction(clock -> ticker.nanos(), TimeUnit.NANOSECONDS)
            .build());
  }

  /** What resilience4j is told of a failure: it never looks at the kind. */
  private static final class Failed extends Exception {
    private static final long serialVersionUID = 1L;

    Failed() {
      super("a call failed", null, false, false);
    }
  }
}
