package dev.caravan.replay;

import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Selection;
import dev.caravan.select.Tried;
import dev.caravan.simulator.Sequence;
import org.jspecify.annotations.Nullable;

/**
 * More background work than there is room for, as queues bring it: whenever a first token has come
 * or a lease was closed, and every 20 ms, one job after the other is offered until one is refused.
 * For one thread and one run.
 */
final class Backlog {
  private static final long LOOK_MILLIS = 20;

  private final Workload jobs;
  private final boolean yields;
  private final int most;
  private int next;
  private int running;
  private long done;
  private long tokens;

  /**
   * A backlog without an end: after the last of the jobs comes the first, as a new one.
   *
   * @param yields whether the gateway knows that they are background work
   * @param most how many may run at a time
   */
  Backlog(Workload jobs, boolean yields, int most) {
    this.jobs = jobs;
    this.yields = yields;
    this.most = most;
  }

  /** Jobs that have their whole answer. */
  long done() {
    return done;
  }

  /** Tokens of the prompts and answers of those. */
  long tokens() {
    return tokens;
  }

  /** Is there from then on. */
  void begin(Replica gateway, long atMillis) {
    gateway
        .timeline()
        .schedule(
            () -> {
              gateway.onChange(() -> offer(gateway));
              look(gateway);
            },
            atMillis);
  }

  private void look(Replica gateway) {
    offer(gateway);
    gateway.timeline().schedule(() -> look(gateway), LOOK_MILLIS);
  }

  private void offer(Replica gateway) {
    while (running < most && new Job(gateway, jobs.items().get(next)).begin()) {
      next = (next + 1) % jobs.items().size();
    }
  }

  /** One job at a server. */
  private final class Job implements Machine.Visitor {
    private final Replica gateway;
    private final Workload.Item item;
    private @Nullable Lease lease;
    private @Nullable Machine machine;

    Job(Replica gateway, Workload.Item item) {
      this.gateway = gateway;
      this.item = item;
    }

    /** Whether a server has taken it. */
    boolean begin() {
      Replica.Offer offer = gateway.offer();
      InferenceRequest request = item.request().background(yields);
      while (true) {
        Selection selection =
            offer.selector.select(
                request,
                offer.backends,
                Tried.NONE,
                gateway.pool().policy().panicPercent(),
                gateway.pool().policy().affinity());
        if (!(selection instanceof Selection.Selected chosen)) {
          return false;
        }
        Lease taken =
            Lease.open(chosen.backend(), gateway.pool().name(), gateway.timeline(), chosen.work());
        if (taken != null) {
          offer.selector.sent(request, offer.backends, chosen.index());
          lease = taken;
          machine = offer.machines.get(chosen.index());
          break;
        }
      }
      running++;
      Outcome turnedAway = machine.take(this, item, gateway.timeline().nanos());
      if (turnedAway != null) {
        end(turnedAway);
        return false;
      }
      return true;
    }

    @Override
    public void firstToken(Sequence sequence, long atNanos) {}

    @Override
    public void token(Sequence sequence, int index, long atNanos) {}

    @Override
    public void finished(Sequence sequence, long atNanos) {
      done++;
      tokens += sequence.promptTokens() + sequence.outputTokens();
      if (machine != null) {
        machine.done(this);
      }
      if (lease != null) {
        lease.firstByte(true); // not streamed
        lease.usage(
            sequence.promptTokens(),
            sequence.outputTokens(),
            gateway.cachedReports() ? sequence.cachedTokens() : -1);
      }
      end(new Outcome.Completed(200));
    }

    @Override
    public void brokenOff() {
      end(new Outcome.FailedBefore(Cause.RESET, "connection reset"));
    }

    private void end(Outcome how) {
      running--;
      if (lease != null) {
        lease.close(how);
      }
      offer(gateway);
    }
  }
}
