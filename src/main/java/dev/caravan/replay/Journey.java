package dev.caravan.replay;

import dev.caravan.admission.RetryBudget;
import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.select.Selection;
import dev.caravan.select.Tried;
import dev.caravan.simulator.Sequence;
import org.jspecify.annotations.Nullable;

/**
 * One request's way through a gateway to a server, and to another where that fails: what the route
 * package's {@code Road} and {@code Retry} do, by virtual time. For one thread.
 */
final class Journey implements Machine.Visitor, RetryBudget.Waiter {
  /*
   * The numbers are the production's: three servers a request (caravan.attempts), and a back-off of
   * full jitter below 25 ms that doubles up to a second. Connections cost no time here, and nothing
   * has a timeout: what waits is answered, or the run ends.
   */
  private static final int ATTEMPTS = 3;
  private static final long BACKOFF_NANOS = 25_000_000;
  private static final long LONGEST_BACKOFF_NANOS = 1_000_000_000;

  private final Replica gateway;
  private final Replica.Offer offer;
  private final Workload.Item item;
  private final Passage passage;
  private Tried tried = Tried.NONE;
  private int sent;
  private boolean repeated;
  private @Nullable Lease lease;
  private @Nullable Machine machine;
  private @Nullable Outcome last;
  private long partNanos;

  /**
   * A request that has just come to a gateway.
   *
   * @param passage where it is noted what becomes of it
   */
  Journey(Replica gateway, Workload.Item item, Passage passage) {
    this.gateway = gateway;
    this.offer = gateway.offer();
    this.item = item;
    this.passage = passage;
  }

  void begin() {
    gateway.pool().enter();
    attempt();
  }

  /** Sends it to one more server; says whether there was one. */
  private boolean attempt() {
    Lease taken = null;
    int index = -1;
    while (taken == null) {
      Selection selection =
          offer.selector.select(
              item.request(),
              offer.backends,
              tried,
              gateway.pool().policy().panicPercent(),
              gateway.pool().policy().affinity());
      if (!(selection instanceof Selection.Selected chosen)) {
        end(last == null ? Passage.Ending.REJECTED : Passage.Ending.FAILED);
        return false;
      }
      index = chosen.index();
      taken =
          Lease.open(chosen.backend(), gateway.pool().name(), gateway.timeline(), chosen.work());
    }
    offer.selector.sent(item.request(), offer.backends, index);
    if (tried.count() == 0) {
      gateway.requests().arrived(taken.openedNanos());
    }
    tried = tried.and(index);
    lease = taken;
    Machine to = offer.machines.get(index);
    machine = to;
    Outcome turnedAway = to.take(this, item, gateway.timeline().nanos());
    if (turnedAway != null) {
      failed(turnedAway);
    }
    return true;
  }

  // ---- what the server does

  @Override
  public void firstToken(Sequence sequence, long atNanos) {
    passage.firstTokenNanos = atNanos;
    partNanos = atNanos;
    held().firstByte(true);
    gateway.changed();
  }

  @Override
  public void token(Sequence sequence, int index, long atNanos) {
    if (index > 0) {
      held().progress(atNanos - partNanos);
      partNanos = atNanos;
    }
  }

  @Override
  public void finished(Sequence sequence, long atNanos) {
    passage.cachedTokens = sequence.cachedTokens();
    Lease held = held();
    held.usage(
        sequence.promptTokens(),
        sequence.outputTokens(),
        gateway.cachedReports() ? sequence.cachedTokens() : -1);
    Machine from = machine;
    if (from != null) {
      from.done(this);
    }
    held.close(new Outcome.Completed(200));
    end(Passage.Ending.FINISHED);
  }

  @Override
  public void brokenOff() {
    if (passage.firstTokenNanos >= 0) {
      held().close(new Outcome.FailedAfter(Cause.RESET, "connection reset"));
      end(Passage.Ending.BROKEN_OFF);
    } else {
      failed(new Outcome.FailedBefore(Cause.RESET, "connection reset"));
    }
  }

  private Lease held() {
    Lease held = lease;
    if (held == null) {
      throw new IllegalStateException("an answer without a lease");
    }
    return held;
  }

  // ---- another server

  private void failed(Outcome how) {
    last = how;
    sent++;
    held().close(how);
    if (sent >= ATTEMPTS || !anyoneLeft()) {
      end(Passage.Ending.FAILED);
    } else if (free() && sent == 1) {
      attempt();
    } else {
      long bound = Math.min(LONGEST_BACKOFF_NANOS, BACKOFF_NANOS << (sent - 1));
      Timeline timeline = gateway.timeline();
      timeline.at(timeline.nanos() + (long) (gateway.chance().unit() * bound), this::backedOff);
    }
  }

  private boolean free() {
    return last instanceof Outcome.FailedBefore failed && failed.cause() == Cause.REFUSED;
  }

  private boolean anyoneLeft() {
    Backend[] servers = offer.backends;
    for (int i = 0; i < servers.length; i++) {
      if (!tried.contains(i)
          && servers[i].availability().use() != Availability.Use.NONE
          && servers[i].gate().permits()) {
        return true;
      }
    }
    return false;
  }

  private void backedOff() {
    if (free()) {
      attempt();
    } else if (gateway.retries().take()) {
      granted();
    } else if (gateway.retries().join(this, Runnable::run) == null) {
      refused();
    }
  }

  @Override
  public void granted() {
    if (!repeated) {
      repeated = true;
      gateway.pool().repeats(1);
    }
    if (!attempt()) {
      gateway.retries().giveBack();
    }
  }

  @Override
  public void refused() {
    end(Passage.Ending.FAILED);
  }

  private void end(Passage.Ending how) {
    passage.ending = how;
    passage.endNanos = gateway.timeline().nanos();
    passage.attempts = tried.count();
    gateway.pool().leave();
    if (repeated) {
      gateway.pool().repeats(-1);
    }
    passage.ended.run();
    gateway.changed();
  }
}
