package dev.caravan.route;

import dev.caravan.health.HealthSignals;
import dev.caravan.health.ProbeVerdict;
import dev.caravan.outcome.Outcome;
import dev.caravan.time.Chance;
import dev.caravan.upstream.UpstreamFailure;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.ExchangePropertyKey;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs the probe route of one server, one round after the other. A round is good when the exchange
 * completes in time and no step of it has failed, not even with an error that was handled. Blocks
 * no thread and has none of its own.
 *
 * <p>A round that is out of time is judged then; what its exchange says later is ignored. The next
 * round starts when the last is judged and its period is over, so that two never wait for an answer
 * at once.
 */
final class ProbeConsumer extends DefaultConsumer {
  /** Tells {@code model:} how long the answer may take, in milliseconds (a {@link Long}). */
  static final String TIMEOUT_HEADER = "caravan.timeoutMillis";

  /** The first round starts within this time, so that a sick server is known soon after start. */
  private static final long FIRST_WITHIN_MILLIS = 2_000;

  private static final int REASON_MAX_LENGTH = 200;

  private final ProbeEndpoint probe;
  private final HealthSignals health;
  private final ProbeTimer timer;
  private final Chance chance;
  private volatile @Nullable Round current;

  ProbeConsumer(ProbeEndpoint probe, Processor processor) {
    super(probe, processor);
    this.probe = probe;
    this.health = probe.component().health();
    this.timer = probe.component().timer();
    this.chance = probe.component().chance();
  }

  @Override
  protected void doStart() throws Exception {
    super.doStart();
    long spread = Math.min(FIRST_WITHIN_MILLIS, probe.periodMillis());
    Round first = new Round();
    current = first;
    first.due = timer.schedule(() -> begin(first), (long) (chance.unit() * spread));
    health.prober(probe.server(), this::probeNow);
  }

  @Override
  protected void doStop() throws Exception {
    Round last = current;
    current = null;
    if (last != null) {
      last.cancel();
    }
    health.notProbed(probe.server());
    super.doStop();
  }

  /** Begins a round out of turn, unless one runs. */
  private void probeNow() {
    Round waiting = current;
    if (waiting != null && waiting.judged.get()) {
      waiting.cancel();
      Round next = new Round();
      current = next;
      begin(next);
    }
  }

  private void begin(Round round) {
    if (current != round) {
      return;
    }
    round.due = timer.schedule(round::step, jitteredPeriod());
    round.timeout =
        timer.schedule(
            () ->
                round.judge(
                    new ProbeVerdict.Unanswered("no answer in " + probe.timeoutMillis() + " ms")),
            probe.timeoutMillis());
    if (!health.probeTells(probe.server())) {
      round.skip();
      return;
    }
    Exchange exchange = createExchange(false);
    exchange.setPattern(ExchangePattern.InOut);
    exchange.getIn().setHeader(TIMEOUT_HEADER, probe.timeoutMillis());
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

  private static ProbeVerdict verdict(Exchange exchange) {
    Throwable thrown = exchange.getException();
    if (thrown == null) {
      thrown = exchange.getProperty(ExchangePropertyKey.EXCEPTION_CAUGHT, Throwable.class);
    }
    if (thrown == null) {
      return new ProbeVerdict.Good();
    }
    String message = thrown.getMessage();
    String reason = shortened(message == null ? thrown.getClass().getSimpleName() : message);
    return thrown instanceof UpstreamFailure failed && late(failed.outcome())
        ? new ProbeVerdict.Unanswered(reason)
        : new ProbeVerdict.Wrong(reason);
  }

  private static boolean late(Outcome outcome) {
    return outcome instanceof Outcome.Expired
        || (outcome instanceof Outcome.FailedBefore failed
            && failed.cause() == Outcome.Cause.FIRST_BYTE_TIMEOUT);
  }

  private static String shortened(String reason) {
    String line = reason.replaceAll("\\p{Cntrl}+", " ");
    return line.length() <= REASON_MAX_LENGTH
        ? line
        : line.substring(0, REASON_MAX_LENGTH - 1) + "…";
  }

  /** One probe. Its verdict counts once, and only while it is the current one. */
  private final class Round {
    private final AtomicBoolean judged = new AtomicBoolean();

    /** The verdict and the end of the period: the next round starts when both are here. */
    private final AtomicInteger awaited = new AtomicInteger(2);

    private volatile @Nullable Runnable due;
    private volatile @Nullable Runnable timeout;

    void judge(ProbeVerdict verdict) {
      if (!judged.compareAndSet(false, true) || current != this) {
        return;
      }
      Runnable pending = timeout;
      if (pending != null) {
        pending.run();
      }
      health.probed(probe.server(), verdict);
      step();
    }

    /** It would tell nothing: only its period has to pass. */
    void skip() {
      if (judged.compareAndSet(false, true)) {
        Runnable pending = timeout;
        if (pending != null) {
          pending.run();
        }
        step();
      }
    }

    void step() {
      if (awaited.decrementAndGet() == 0 && current == this) {
        Round next = new Round();
        current = next;
        begin(next);
      }
    }

    void cancel() {
      judged.set(true);
      for (Runnable pending : new Runnable[] {due, timeout}) {
        if (pending != null) {
          pending.run();
        }
      }
    }
  }
}
