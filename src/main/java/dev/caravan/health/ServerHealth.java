package dev.caravan.health;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.ServerState;
import dev.caravan.fleet.Share;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What is believed of one server: takes every signal, weighs it with the {@link Evidence} so far,
 * and swaps the server's availability and share when the verdict is another. docs/health.md draws
 * the states.
 *
 * <p>Safe for any thread: signals are weighed one at a time under its lock, which nobody holds for
 * longer than that. What it asks of others, a probe or a check out of turn, is only scheduled.
 */
final class ServerHealth {
  /** Looks at its engine without a token, while requests run there, that make it suspect. */
  private static final int QUIET_LOOKS = 2;

  private final Backend backend;
  private final Ticker ticker;
  private final Scheduler scheduler;
  private final Breakers breakers;
  private final Evidence evidence;
  private final Progress progress;
  private final Inquiry inquiry;
  private final Belief belief;

  ServerHealth(
      Backend backend,
      HealthSettings settings,
      Ticker ticker,
      Scheduler scheduler,
      Breakers breakers,
      HealthListener listener) {
    this.backend = backend;
    this.ticker = ticker;
    this.scheduler = scheduler;
    this.breakers = breakers;
    this.evidence = new Evidence(settings);
    this.progress = new Progress(backend);
    this.inquiry = new Inquiry(scheduler, this::tick);
    this.belief = new Belief(backend, ticker, listener);
  }

  Belief belief() {
    return belief;
  }

  synchronized void reachable() {
    evidence.refused = false;
    evidence.unreachable = 0;
    comeBack();
    judge();
  }

  synchronized void unreachable(boolean nobodyListens, String reason) {
    if (progress.look() && !nobodyListens) {
      // Its tokens flow: whoever answers health checks there is only slow.
      moved();
      judge();
      return;
    }
    evidence.unreachable(nobodyListens, reason);
    if (evidence.blocked()) {
      takeOut(ServerState.DOWN, reason);
    }
    judge();
  }

  /** A request met nobody there: that is certain, and shows sooner than the next check would. */
  synchronized void refused(String reason) {
    if (!evidence.refused) {
      evidence.unreachable(true, reason);
      takeOut(ServerState.DOWN, reason);
      judge();
    }
  }

  synchronized void engine(EngineReading reading) {
    evidence.load(reading);
    if (progress.look(reading)) {
      moved();
    } else if (progress.quietLooks() >= QUIET_LOOKS && !evidence.stalled && evidence.out == null) {
      evidence.stalled = true;
      inquiry.probe();
    }
    judge();
  }

  private void moved() {
    evidence.stalled = false;
    evidence.unanswered = 0;
    if (evidence.hung) {
      // It is alive after all; a probe says whether it is well.
      evidence.hung = false;
      inquiry.probe();
    }
  }

  // ---- prompt probes

  /** Whether a probe that is due now would tell anything; it is taken to begin if so. */
  synchronized boolean probeTells() {
    boolean relayed = progress.probeBegins();
    if (relayed) {
      moved();
      judge();
    }
    return !(evidence.refused && inquiry.pulsed()) && !(relayed && evidence.nothingFromProbes());
  }

  synchronized void probed(ProbeVerdict verdict) {
    if (verdict instanceof ProbeVerdict.Good) {
      evidence.probedWell();
    } else if (verdict instanceof ProbeVerdict.Unanswered late) {
      unanswered(late.reason());
    } else if (verdict instanceof ProbeVerdict.Wrong wrong) {
      if (evidence.probedWrong(wrong.reason())) {
        takeOut(ServerState.DOWN, "its probes failed: " + wrong.reason());
      }
    }
    comeBack();
    judge();
  }

  private void unanswered(String reason) {
    boolean moved = progress.movedDuringProbe();
    boolean wasHung = evidence.hung;
    evidence.probedInVain(moved, reason);
    if (moved) {
      moved();
    } else if (evidence.hung && !wasHung) {
      takeOut(ServerState.HUNG, "it was hung");
    } else if (!evidence.hung) {
      inquiry.probe();
    }
  }

  synchronized @Nullable Prober prober() {
    return inquiry.prober();
  }

  synchronized void prober(@Nullable Prober now) {
    inquiry.prober(now);
    if (now == null) {
      // Verdicts that only a probe could void are void.
      evidence.cleared();
      comeBack();
      judge();
    }
  }

  synchronized void pulse(@Nullable Runnable now) {
    inquiry.pulse(now);
    if (now == null) {
      evidence.unreachable = 0;
      comeBack();
      judge();
    }
  }

  // ---- what requests found out

  synchronized void eject(long millis, String reason) {
    evidence.ejectedUntil = inMillis(millis);
    takeOut(ServerState.DOWN, reason);
    after(millis, () -> evidence.ejectedUntil = due(evidence.ejectedUntil));
    judge();
  }

  synchronized void throttle(long millis, String reason) {
    long until = inMillis(millis);
    Long already = evidence.throttledUntil;
    if (already != null && already - until >= 0) {
      return;
    }
    evidence.throttledUntil = until;
    evidence.throttleReason = reason;
    after(millis, () -> evidence.throttledUntil = due(evidence.throttledUntil));
    judge();
  }

  synchronized void misconfigured(String reason) {
    if (evidence.credentials == null) {
      belief.sayRefused(reason);
    }
    evidence.credentials = reason;
    takeOut(ServerState.DOWN, "it refused the gateway's credentials: " + reason);
    judge();
  }

  /** Its route says something else of it than before: a wrong key may be the right one now. */
  synchronized void respecified() {
    if (evidence.credentials != null) {
      evidence.credentials = null;
      comeBack();
      judge();
    }
  }

  /** It has left the fleet. */
  synchronized void leave() {
    inquiry.end();
  }

  // ---- drain

  synchronized void drain(boolean byRoute) {
    evidence.draining = byRoute;
    judge();
    leaseClosed();
  }

  /** An operator has set something else of it. */
  synchronized void overridden() {
    if (evidence.overridden(backend.override())) {
      takeOut(ServerState.DOWN, "it was ejected by " + evidence.override.by());
    }
    comeBack();
    judge();
    leaseClosed();
  }

  /** A request has left it: says once when the last is gone that was to be waited for. */
  void leaseClosed() {
    if (belief.drained()) {
      synchronized (this) {
        belief.sayDrained();
      }
    }
  }

  // ---- out and in again

  private void takeOut(ServerState as, String reason) {
    if (evidence.out == null || as == ServerState.HUNG) {
      evidence.outState = as;
    }
    if (evidence.refused) {
      backend.cacheLost(); // whoever listens there next is another process
    }
    evidence.out = reason;
    evidence.good = 0;
    evidence.ramping = false;
    belief.fullShare();
    inquiry.watch();
  }

  /** While it is out: asks for news. */
  private synchronized void tick() {
    inquiry.ticked();
    if (evidence.out != null) {
      inquiry.watch();
      inquiry.check();
      if (inquiry.blind() || (!inquiry.probed() && evidence.credentials != null)) {
        // Only a request can tell: the next one does.
        evidence.refused = false;
        evidence.credentials = null;
        comeBack();
        judge();
      }
    }
  }

  /** Lets it in again if nothing is left against it and it has proven itself. */
  private void comeBack() {
    if (evidence.out == null || evidence.blocked()) {
      return;
    }
    if (inquiry.probed()) {
      int needed = evidence.settings.successes() + backend.recovery().warmUpPrompts();
      if (evidence.good < needed) {
        if (evidence.wrong == 0 && evidence.unanswered == 0) {
          inquiry.probe();
        }
        return;
      }
    } else if (evidence.hung || evidence.wrong > 0) {
      return;
    }
    evidence.out = null;
    inquiry.rest();
    Breaker breaker = breakers.find(backend.name());
    if (breaker != null) {
      breaker.reset("the server is back");
    }
    long rampMillis = backend.recovery().slowStartMillis();
    if (rampMillis > 0) {
      evidence.ramping = true;
      Share ramp = belief.ramp(rampMillis);
      after(rampMillis, () -> rampOver(ramp));
    }
  }

  private void rampOver(Share ramp) {
    if (belief.ramps(ramp)) {
      evidence.ramping = false;
      belief.fullShare();
    }
  }

  private long inMillis(long millis) {
    return ticker.nanos() + TimeUnit.MILLISECONDS.toNanos(millis);
  }

  /** What is left of an instant that was set: nothing where it has come. */
  private @Nullable Long due(@Nullable Long until) {
    return until == null || until - ticker.nanos() > 0 ? until : null;
  }

  private void after(long millis, Runnable step) {
    scheduler.schedule(
        () -> {
          synchronized (this) {
            step.run();
            comeBack();
            judge();
          }
        },
        millis);
  }

  private void judge() {
    belief.publish(evidence.verdict());
  }
}
