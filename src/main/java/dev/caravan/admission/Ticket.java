package dev.caravan.admission;

import dev.caravan.tenant.Priority;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One request's place in a {@link FairQueue}. Everything of it is guarded by the queue, but for
 * what never changes.
 */
public final class Ticket implements Runnable {

  /** What has become of it. */
  enum State {
    /** Not in a queue yet, or not any more: its waiter hears nothing. */
    OUT,
    WAITING,
    /** A place is free; its waiter is about to hear of it, or is taking it. */
    GRANTED,
    /** It gave way to others; its waiter is about to hear of it. */
    PUSHED_OUT
  }

  private final FairQueue queue;
  private final FairQueue.Waiter waiter;
  private final Executor executor;
  final Claim claim;

  /** What its turn costs its tenant, in tokens. */
  final long cost;

  State state = State.OUT;

  /** Whether some server has room that may take it; null where any server of the pool may. */
  @Nullable BooleanSupplier fits;

  // Its neighbours in the line of its tenant.
  @Nullable Ticket before;
  @Nullable Ticket after;
  @Nullable TenantLine line;
  @Nullable QueueRefusal why;

  Ticket(FairQueue queue, FairQueue.Waiter waiter, Executor executor, Claim claim) {
    this.queue = queue;
    this.waiter = waiter;
    this.executor = executor;
    this.claim = claim;
    this.cost = Math.max(FairOrder.QUANTUM, claim.tokens());
  }

  /**
   * What a request may claim.
   *
   * @param tenant any 64 bits; requests of equal ones wait in one line
   * @param weight of the tenant, from 1: twice the weight is twice the tokens
   * @param tokens that it is likely to need, of prompt and answer
   * @param first whether it goes before all classes: a server has had it before, and failed it
   */
  public record Claim(Priority priority, long tenant, int weight, long tokens, boolean first) {}

  boolean fitsNow() {
    BooleanSupplier asked = fits;
    return asked == null || asked.getAsBoolean();
  }

  void tell() {
    executor.execute(this);
  }

  /** Brings the news, on the waiter's executor. */
  @Override
  public void run() {
    State news = queue.heard(this);
    if (news == State.GRANTED) {
      try {
        waiter.granted();
      } finally {
        queue.taken();
      }
    } else if (news == State.PUSHED_OUT && why != null) {
      waiter.pushedOut(why);
    }
  }
}
