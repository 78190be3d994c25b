package dev.caravan.route.probe;

import dev.caravan.health.HealthListener;
import dev.caravan.health.HealthSignals;
import dev.caravan.health.ProbeBudget;
import dev.caravan.health.ProbeReport;
import dev.caravan.health.ProbeResult;
import dev.caravan.health.ProbeVerdict;
import dev.caravan.health.Prober;
import dev.caravan.outcome.Outcome;
import dev.caravan.time.Chance;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.UpstreamFailure;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.ExchangePropertyKey;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the probe route of one server, one round after the other. A round is good when the exchange
 * completes in time and no step of it has failed, not even with an error that was handled. Blocks
 * no thread and has none of its own.
 *
 * <p>A round is skipped where it would tell nothing, or where the budget is spent. One that is out
 * of time is judged then; what its exchange says later is ignored. The next round starts when the
 * last is judged and its period is over, or when health asks for one, so that two never wait for an
 * answer at once.
 */
final class ProbeConsumer extends DefaultConsumer implements Prober {
  private static final Logger LOG = LoggerFactory.getLogger(ProbeConsumer.class);

  /** The first round starts within this time, so that a sick server is known soon after start. */
  private static final long FIRST_WITHIN_MILLIS = 2_000;

  private static final int REASON_MAX_LENGTH = 200;

  private final ProbeEndpoint probe;
  private final HealthSignals health;
  private final HealthListener listener;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final Chance chance;
  private final ProbeBudget budget;

  /** Those who wait for what comes of the next round. */
  private final Queue<Consumer<ProbeReport>> curious = new ConcurrentLinkedQueue<>();

  /** The round that runs, or whose period does; null while stopped. */
  private final AtomicReference<@Nullable Round> current = new AtomicReference<>();

  ProbeConsumer(ProbeEndpoint probe, Processor processor) {
    super(probe, processor);
    ProbeComponent component = probe.component();
    this.probe = probe;
    this.health = component.health();
    this.listener = component.listener();
    this.scheduler = component.scheduler();
    this.ticker = component.ticker();
    this.chance = component.chance();
    this.budget = component.budget(probe.server(), probe.budget());
  }

  @Override
  protected void doStart() throws Exception {
    super.doStart();
    long spread = Math.min(FIRST_WITHIN_MILLIS, probe.periodMillis());
    Round first = new Round(false);
    current.set(first);
    first.due = scheduler.schedule(() -> begin(first), (long) (chance.unit() * spread));
    health.prober(probe.server(), this);
  }

  @Override
  protected void doStop() throws Exception {
    Round last = current.getAndSet(null);
    if (last != null) {
      last.cancel();
    }
    health.notProbed(probe.server());
    tell(new ProbeReport(ProbeResult.SKIPPED, "its probe route was stopped", 0));
    super.doStop();
  }

  @Override
  public void probe(Consumer<ProbeReport> told) {
    curious.add(told);
    if (current.get() == null) {
      tell(new ProbeReport(ProbeResult.SKIPPED, "its probe route is stopped", 0));
    } else {
      run();
    }
  }

  private void tell(ProbeReport report) {
    Consumer<ProbeReport> told = curious.poll();
    while (told != null) {
      told.accept(report);
      told = curious.poll();
    }
  }

  @Override
  public void run() {
    Round last = current.get();
    if (last != null && (last.waits() || last.judged())) {
      next(last, true);
    }
  }

  /** Lets the next round take the place of the last, unless another has. */
  private void next(Round last, boolean asked) {
    Round next = new Round(asked);
    if (current.compareAndSet(last, next)) {
      last.cancel();
      begin(next);
    }
  }

  private void begin(Round round) {
    if (current.get() != round || !round.begins()) {
      return;
    }
    round.due = scheduler.schedule(round::step, jitteredPeriod());
    round.begunNanos = ticker.nanos();
    // Somebody who asks wants an answer, whatever it would tell health.
    if (!health.probeTells(probe.server()) && curious.isEmpty()) {
      round.end(null, ProbeResult.SKIPPED);
      return;
    }
    if (!budget.spend(round.asked)) {
      if (budget.say()) {
        LOG.warn(
            "{} is probed less than its period says: its budget of {} prompts an hour is spent"
                + " (caravan.probe.budget)",
            probe.server(),
            budget.hourly());
      }
      round.end(null, ProbeResult.OVER_BUDGET);
      return;
    }
    long limit = probe.timeoutMillis();
    round.timeout =
        scheduler.schedule(
            () -> round.judge(new ProbeVerdict.Unanswered("no answer in " + limit + " ms")), limit);
    Exchange exchange = createExchange(false);
    exchange.setPattern(ExchangePattern.InOut);
    exchange.getIn().setHeader(TextCall.TIMEOUT, limit);
    exchange.getIn().setHeader(TextCall.FIRST_TOKEN_TIMEOUT, probe.firstTokenMillis());
    try {
      getAsyncProcessor()
          .process(
              exchange,
              doneSync -> {
                round.judge(verdict(exchange));
                releaseExchange(exchange, false);
              });
    } catch (RuntimeException e) {
      round.judge(new ProbeVerdict.Wrong(shortened(String.valueOf(e))));
    }
  }

  /** A period, up to {@code jitter} percent longer or shorter; at least 1 ms. */
  private long jitteredPeriod() {
    double share = probe.jitterPercent() / 100.0 * (2 * chance.unit() - 1);
    return Math.max(1, Math.round(probe.periodMillis() * (1 + share)));
  }

  /** What the exchange came to; null where it says nothing of the server's health. */
  private static @Nullable ProbeVerdict verdict(Exchange exchange) {
    Throwable thrown = exchange.getException();
    if (thrown == null) {
      thrown = exchange.getProperty(ExchangePropertyKey.EXCEPTION_CAUGHT, Throwable.class);
    }
    if (thrown == null) {
      return new ProbeVerdict.Good();
    }
    String message = thrown.getMessage();
    String reason = shortened(message == null ? thrown.getClass().getSimpleName() : message);
    if (thrown instanceof UpstreamFailure failed) {
      if (noRoom(failed.outcome())) {
        return null;
      }
      if (late(failed.outcome())) {
        return new ProbeVerdict.Unanswered(reason);
      }
    }
    return new ProbeVerdict.Wrong(reason);
  }

  /** Whether the server asked to be left alone: it is there, and it may be well. */
  private static boolean noRoom(Outcome outcome) {
    return outcome instanceof Outcome.Throttled
        || (outcome instanceof Outcome.FailedBefore failed
            && failed.cause() == Outcome.Cause.STATUS
            && failed.retryAfterMillis() >= 0);
  }

  private static String reason(ProbeResult result, @Nullable ProbeVerdict verdict) {
    if (verdict instanceof ProbeVerdict.Wrong wrong) {
      return wrong.reason();
    }
    if (verdict instanceof ProbeVerdict.Unanswered late) {
      return late.reason();
    }
    return switch (result) {
      case SKIPPED -> "the server has no room now";
      case OVER_BUDGET -> "its budget of prompts is spent (caravan.probe.budget)";
      default -> "";
    };
  }

  private static boolean late(Outcome outcome) {
    Outcome.Cause cause =
        outcome instanceof Outcome.FailedBefore before
            ? before.cause()
            : outcome instanceof Outcome.FailedAfter after ? after.cause() : null;
    return outcome instanceof Outcome.Expired
        || cause == Outcome.Cause.FIRST_BYTE_TIMEOUT
        || cause == Outcome.Cause.IDLE_TIMEOUT
        || cause == Outcome.Cause.TOTAL_TIMEOUT;
  }

  private static String shortened(String reason) {
    String line = reason.replaceAll("\\p{Cntrl}+", " ");
    return line.length() <= REASON_MAX_LENGTH
        ? line
        : line.substring(0, REASON_MAX_LENGTH - 1) + "…";
  }

  /** One probe. Its verdict counts once, and only while it is the current one. */
  private final class Round {
    private static final int WAITS = 0;
    private static final int RUNS = 1;
    private static final int JUDGED = 2;

    private final boolean asked;
    private final AtomicInteger stage = new AtomicInteger(WAITS);

    /** The verdict and the end of the period: the next round starts when both are here. */
    private final AtomicInteger awaited = new AtomicInteger(2);

    private volatile long begunNanos;
    private volatile @Nullable Runnable due;
    private volatile @Nullable Runnable timeout;

    Round(boolean asked) {
      this.asked = asked;
    }

    boolean waits() {
      return stage.get() == WAITS;
    }

    boolean begins() {
      return stage.compareAndSet(WAITS, RUNS);
    }

    boolean judged() {
      return stage.get() == JUDGED;
    }

    void judge(@Nullable ProbeVerdict verdict) {
      if (verdict == null) {
        end(null, ProbeResult.SKIPPED);
      } else if (verdict instanceof ProbeVerdict.Good) {
        end(verdict, ProbeResult.GOOD);
      } else if (verdict instanceof ProbeVerdict.Unanswered) {
        end(verdict, ProbeResult.UNANSWERED);
      } else {
        end(verdict, ProbeResult.WRONG);
      }
    }

    void end(@Nullable ProbeVerdict verdict, ProbeResult result) {
      if (!stage.compareAndSet(RUNS, JUDGED) || current.get() != this) {
        return;
      }
      stop(timeout);
      listener.probed(probe.server(), result);
      if (verdict != null) {
        health.probed(probe.server(), verdict);
      }
      tell(
          new ProbeReport(
              result,
              reason(result, verdict),
              TimeUnit.NANOSECONDS.toMillis(ticker.nanos() - begunNanos)));
      step();
    }

    void step() {
      if (awaited.decrementAndGet() == 0) {
        next(this, false);
      }
    }

    void cancel() {
      stage.set(JUDGED);
      stop(due);
      stop(timeout);
    }

    private static void stop(@Nullable Runnable pending) {
      if (pending != null) {
        pending.run();
      }
    }
  }
}
