package dev.caravan.route;

import dev.caravan.admission.FairQueue;
import dev.caravan.admission.QueueRefusal;
import dev.caravan.admission.QueueRefusal.Why;
import dev.caravan.admission.Ticket;
import dev.caravan.request.InferenceRequest;
import dev.caravan.time.Deadline;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.InLine;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A call's place in the queue of its pool, from the first wait to the last: a turn that was in vain
 * does not lose it, nor does its time begin anew. Lives on the call's event loop.
 */
final class InQueue implements FairQueue.Waiter, InLine {
  /**
   * How long an answer is thought to be whose client sets no bound, in tokens, for turns alone;
   * chosen without experiment.
   */
  private static final int USUAL_ANSWER = 256;

  private final PoolRoad road;
  private final FairQueue queue;
  private final Call call;
  private final boolean first;
  private final Runnable turn;
  private final Consumer<@Nullable QueueRefusal> refused;
  private @Nullable Ticket ticket;
  private final Deadline deadline;
  private long endNanos;
  private long sinceNanos;

  /**
   * Not in the queue yet.
   *
   * @param first whether it goes before all others
   * @param turn told when some server has room
   * @param refused told why it has no turn; null where its client or its client's time is the
   *     reason
   */
  InQueue(
      PoolRoad road,
      Call call,
      boolean first,
      Runnable turn,
      Consumer<@Nullable QueueRefusal> refused) {
    this.road = road;
    this.queue = road.queue();
    this.call = call;
    this.first = first;
    this.turn = turn;
    this.refused = refused;
    this.deadline = new Deadline(call.loop(), road.ticker(), this::timedOut);
  }

  /**
   * It waits now, or again.
   *
   * @param fits whether some server has room that may take it; null where any of the pool may
   */
  void enter(@Nullable BooleanSupplier fits) {
    Ticket known = ticket;
    long now = road.ticker().nanos();
    if (known == null) {
      join(fits, now);
    } else if (endNanos - now <= 0) {
      refused.accept(queue.leave(known, Why.TIMEOUT));
    } else {
      waits(now);
      queue.putBack(known, fits);
    }
  }

  private void join(@Nullable BooleanSupplier fits, long now) {
    Ticket joining = queue.ticket(this, call.loop(), claim());
    ticket = joining;
    long allowedMillis = Math.min(call.policy().queue().waitMillis(), call.leftMillis());
    endNanos = now + TimeUnit.MILLISECONDS.toNanos(allowedMillis);
    waits(now);
    QueueRefusal why = queue.join(joining, fits, allowedMillis);
    if (why != null) {
      over();
      refused.accept(why);
    }
  }

  private Ticket.Claim claim() {
    InferenceRequest request = call.request();
    int answer = request.maxTokens() < 0 ? USUAL_ANSWER : request.maxTokens();
    return new Ticket.Claim(
        call.priority(),
        request.tenant(),
        call.client().weight(),
        (long) request.promptTokens() + answer,
        first);
  }

  private void waits(long now) {
    sinceNanos = now;
    deadline.at(endNanos);
    call.waits(this::stopped);
    call.inLine(this);
  }

  private void over() {
    deadline.stop();
    call.waits(null);
    call.inLine(null);
    call.waited(road.ticker().nanos() - sinceNanos);
  }

  // ---- what ends the wait

  @Override
  public void granted() {
    over();
    turn.run();
    if (call.inLine() == null) { // else it was in vain
      road.turn(call.waitedNanos());
    }
  }

  @Override
  public void pushedOut(QueueRefusal why) {
    over();
    refused.accept(why);
  }

  private void timedOut() {
    over();
    refused.accept(leave(Why.TIMEOUT));
  }

  /** The client is gone, or its own time is over. */
  private void stopped() {
    over();
    leave(call.abandoned() ? Why.GONE : Why.TIMEOUT);
    refused.accept(null);
  }

  private QueueRefusal leave(Why why) {
    return queue.leave(Objects.requireNonNull(ticket), why);
  }

  // ---- what its client may see

  @Override
  public int position() {
    Ticket known = ticket;
    return known == null ? -1 : queue.position(known);
  }

  @Override
  public long waitMillis() {
    int before = position();
    return before < 0 ? -1 : queue.waitMillis(before);
  }
}
