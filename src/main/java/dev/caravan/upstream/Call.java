package dev.caravan.upstream;

import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.limit.Reservation;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.request.InferenceRequest;
import dev.caravan.time.Ticker;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One client's request on its road through the gateway: what was asked, on whose event loop it
 * runs, which server holds it now, and how to stop it. It is the body of the Camel message from
 * ingress to {@code model:}.
 *
 * <p>Owned by its event loop, but for the plain getters of final values.
 */
public final class Call extends CallOrigin {
  private InferenceRequest request;
  private final PoolVisit visit = new PoolVisit();
  private int attempts;
  private int resumptions;
  private @Nullable Lease lease;
  private @Nullable Attempt attempt;
  private boolean abandoned;
  private final @Nullable Call parent;
  private List<Call> forks = List.of();
  private @Nullable OwnTime time;
  private @Nullable Runnable wait;
  private @Nullable Bill bill;

  /** A call that nobody has answered yet; {@code headers} are those lines that may go upstream. */
  public Call(InferenceRequest request, String requestId, EventLoop loop, HeaderLines headers) {
    super(requestId, loop, headers, request.body().readableBytes());
    this.request = request;
    this.parent = null;
  }

  private Call(Call of) {
    super(of);
    request = of.request;
    visit.passThrough(of.visit);
    time = of.time;
    bill = of.bill;
    parent = of;
  }

  /** What servers are sent: what the client asked, or later how that goes on. */
  public InferenceRequest request() {
    return request;
  }

  /** A server died within its answer, and another goes on with this; of the same API and model. */
  public void goOnWith(InferenceRequest continued) {
    request =
        continued.in(request.conversation()).of(request.tenant()).background(request.background());
    resumptions++;
  }

  /** The route knows better what the request belongs to; it is the same otherwise. */
  public void restate(InferenceRequest same) {
    request = same;
  }

  /** How often its answer broke off and another server was asked to go on. */
  public int resumptions() {
    return resumptions;
  }

  /** The pool that answers it; empty before one was found. */
  public String pool() {
    return visit.name();
  }

  /** The pool that answers a call which counts nowhere: a probe's. */
  public void pool(String name) {
    visit.passThrough(name);
  }

  /** A pool takes it, and counts it until its end. */
  public void pool(Pool taker) {
    visit.enter(taker, clientRetries() > 0);
  }

  /** The pool that counts it now; null before one has taken it, after its end, and for a fork. */
  public @Nullable Pool home() {
    return visit.home();
  }

  /** Runs a task once when the pool that counts it does so no more. */
  public void over(Runnable then) {
    visit.over(then);
  }

  /** What its pool's route said when the pool took it; the default before. */
  public PoolPolicy policy() {
    return visit.policy();
  }

  /** It waits in its pool's queue, there; null where it does so no more. */
  public void inLine(@Nullable InLine place) {
    visit.inLine(place);
  }

  /** Where it stands in its pool's queue; null where it does not wait there. */
  public @Nullable InLine inLine() {
    return visit.inLine();
  }

  /** It has waited so long in the queues of pools, more than before. */
  public void waited(long nanos) {
    visit.waited(nanos);
  }

  /** How long it has waited in the queues of pools. */
  public long waitedNanos() {
    return visit.waitedNanos();
  }

  /** It has taken this of the limits, until its end; what it had taken before is given back. */
  public void reserve(@Nullable Reservation taken) {
    Bill before = bill;
    if (before != null) {
      before.reservation().giveBack();
    }
    bill = taken == null ? null : new Bill(taken);
  }

  /** What it has taken of the limits; null where there are none. */
  public @Nullable Reservation reservation() {
    return bill == null ? null : bill.reservation();
  }

  /** Whether servers are asked what its answer cost though its client has not. */
  boolean asksForUsage() {
    return bill != null && bill.reservation().countsTokens() && request.mayAskForUsage();
  }

  /** How many times it was sent to a server. */
  public int attempts() {
    return attempts;
  }

  /** The hold on the server that it is with, or null between attempts. */
  public @Nullable Lease lease() {
    return lease;
  }

  /**
   * A server was picked for it.
   *
   * @throws IllegalStateException where the lease before is open; {@code picked} is closed then
   */
  public void lease(Lease picked) {
    Lease held = lease;
    if (held != null && !held.closed()) {
      picked.close(new Outcome.FailedBefore(Outcome.Cause.GATEWAY, "the call holds another lease"));
      throw new IllegalStateException("call " + requestId() + " still holds " + held.backend());
    }
    hold(picked);
  }

  private void hold(@Nullable Lease next) {
    Lease before = lease;
    if (before != null && bill != null && parent == null) {
      bill.leaves(before);
    }
    lease = next;
  }

  /** An attempt starts on the wire. */
  void sent(Attempt started) {
    attempts++;
    attempt = started;
    if (parent != null) {
      parent.attempts++;
    }
  }

  // ---- what the client says of time and of itself

  /** Takes the client's own limits, once, before the routes; counted from {@code arrivedNanos}. */
  public void limit(ClientLimits own, long arrivedNanos, Ticker ticker) {
    time = new OwnTime(own, arrivedNanos, loop(), ticker, this::expire);
  }

  /** What the client allows. */
  public ClientLimits limits() {
    return time == null ? ClientLimits.NONE : time.limits();
  }

  /** How long its client still waits for a first byte, in milliseconds; a large one for ever. */
  public long leftMillis() {
    return time == null ? Long.MAX_VALUE : time.leftMillis();
  }

  /** It is a retry now, as load on its pool goes. */
  public void retried() {
    visit.again();
  }

  private void expire() {
    stopWaiting();
    dropForks().forEach(Call::timeOut);
    timeOut();
  }

  private void timeOut() {
    Attempt running = attempt;
    if (running != null && time != null) {
      running.timeOut(Cause.CLIENT_LIMIT, time.detail());
    }
  }

  /** Whether the client's own limit for the whole has passed: no further attempt may start. */
  public boolean expired() {
    return time != null && time.expired();
  }

  /** How a call ends that has {@link #expired}. */
  public Outcome expiry() {
    return Objects.requireNonNull(time).outcome();
  }

  /** It waits: {@code stop} runs once where it expires or is abandoned. Null: the wait is over. */
  public void waits(@Nullable Runnable stop) {
    wait = stop;
  }

  private void stopWaiting() {
    Runnable stop = wait;
    wait = null;
    if (stop != null) {
      stop.run();
    }
  }

  /**
   * The same request for one more server at the same time, with a lease and an attempt of its own.
   * Ends when this call does; counts in no pool.
   */
  public Call fork() {
    Call fork = new Call(this);
    forks = Stream.concat(forks.stream(), Stream.of(fork)).toList();
    return fork;
  }

  /** A fork's server is the one: this call goes on with its lease and attempt, without any fork. */
  public void adopt(Call fork) {
    hold(fork.lease);
    attempt = fork.attempt;
    fork.visit.leave();
    dropForks();
  }

  /** Another fork won: stops this one; its lease ends with {@link Outcome.Superseded}. */
  public void supersede(String why) {
    stop(new Outcome.Superseded(why));
    visit.leave();
  }

  private List<Call> dropForks() {
    List<Call> dropped = forks;
    forks = List.of();
    return dropped;
  }

  /** The client is gone: the attempts that run stop as {@link Outcome.ClientGone}, none starts. */
  public void abandon() {
    stop(null);
  }

  private void stop(@Nullable Outcome how) {
    abandoned = true;
    stopWaiting();
    for (Call fork : dropForks()) {
      fork.stop(how);
    }
    Attempt running = attempt;
    if (running != null) {
      running.abort(how);
    }
    Lease held = lease;
    if (held != null && !held.closed()) {
      held.close(how != null ? how : new Outcome.ClientGone(held.timeToFirstByteNanos() >= 0));
    }
  }

  /** Whether the client is gone or was answered: no further attempt may start. */
  public boolean abandoned() {
    return abandoned || (parent != null && parent.abandoned);
  }

  /** The road has ended: as when abandoned, but an open lease is closed with {@code how}. */
  public void end(Outcome how) {
    abandoned = true;
    visit.leave();
    if (time != null && parent == null) {
      time.stop();
    }
    stopWaiting();
    for (Call fork : dropForks()) {
      fork.end(how);
    }
    // First the lease: an attempt that is aborted would close it as one whose client has left.
    Lease held = lease;
    if (held != null) {
      held.close(how);
    }
    Attempt started = attempt;
    if (started != null) {
      started.abort(null);
      attempt = null;
    }
    if (bill != null && parent == null) {
      bill.settle(how, attempts, lease, request.stream());
    }
  }
}
