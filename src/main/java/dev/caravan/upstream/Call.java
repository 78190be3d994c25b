package dev.caravan.upstream;

import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.outcome.Outcome;
import dev.caravan.request.InferenceRequest;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * One client's request on its road through the gateway: what was asked, on whose event loop it
 * runs, which server holds it now, and how to stop it. It is the body of the Camel message from
 * ingress to {@code model:}.
 *
 * <p>Owned by its event loop: every method is called there, except the plain getters of final
 * values.
 */
public final class Call {
  private final InferenceRequest request;
  private final String requestId;
  private final EventLoop loop;
  private final HeaderLines headers;
  private final int bytesIn;
  private String pool = "";
  private PoolPolicy policy = PoolPolicy.DEFAULT;
  private @Nullable Pool home;
  private int attempts;
  private @Nullable Lease lease;
  private @Nullable Attempt attempt;
  private boolean abandoned;

  /**
   * A call that nobody has answered yet.
   *
   * @param headers the client's header lines that may go upstream
   */
  public Call(InferenceRequest request, String requestId, EventLoop loop, HeaderLines headers) {
    this.request = request;
    this.requestId = requestId;
    this.loop = loop;
    this.headers = headers;
    this.bytesIn = request.body().readableBytes();
  }

  public InferenceRequest request() {
    return request;
  }

  public String requestId() {
    return requestId;
  }

  public EventLoop loop() {
    return loop;
  }

  public HeaderLines headers() {
    return headers;
  }

  /** The size of the client's body. */
  public int bytesIn() {
    return bytesIn;
  }

  /** The pool that answers it; empty before one was found. */
  public String pool() {
    return pool;
  }

  /** The pool that answers a call which counts nowhere: a probe's. */
  public void pool(String name) {
    pool = name;
  }

  /** A pool takes it, and counts it until its end. */
  public void pool(Pool taker) {
    leavePool();
    pool = taker.name();
    policy = taker.policy();
    home = taker;
    taker.enter();
  }

  private void leavePool() {
    Pool counted = home;
    home = null;
    if (counted != null) {
      counted.leave();
    }
  }

  /** A server was picked for it from a pool in panic. */
  public void panicPick() {
    Pool counted = home;
    if (counted != null) {
      counted.panicPick();
    }
  }

  /** What its pool's route said when the pool took it; the default before. */
  public PoolPolicy policy() {
    return policy;
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
   * A server was picked for it. The lease before must have been closed.
   *
   * @throws IllegalStateException where it was not, as in a balancer inside a balancer; {@code
   *     picked} is closed then
   */
  public void lease(Lease picked) {
    Lease held = lease;
    if (held != null && !held.closed()) {
      picked.close(new Outcome.FailedBefore(Outcome.Cause.GATEWAY, "the call holds another lease"));
      throw new IllegalStateException("call " + requestId + " still holds " + held.backend());
    }
    lease = picked;
  }

  /** An attempt starts on the wire. */
  void sent(Attempt started) {
    attempts++;
    attempt = started;
  }

  /**
   * The client is gone: stops the attempt that runs, and lets no other start. The lease ends with
   * {@link Outcome.ClientGone} unless it has ended already.
   */
  public void abandon() {
    abandoned = true;
    Attempt running = attempt;
    if (running != null) {
      running.abort();
    }
    Lease held = lease;
    if (held != null) {
      held.close(new Outcome.ClientGone(held.timeToFirstByteNanos() >= 0));
    }
  }

  /** Whether the client is gone or was answered: no further attempt may start. */
  public boolean abandoned() {
    return abandoned;
  }

  /**
   * The road has ended, whichever way: stops what still runs, lets no other attempt start, and
   * closes a lease that nobody closed.
   *
   * @param how what to close it with
   */
  public void end(Outcome how) {
    abandoned = true;
    leavePool();
    Attempt running = attempt;
    if (running != null) {
      running.abort();
      attempt = null;
    }
    Lease held = lease;
    if (held != null) {
      held.close(how);
    }
  }
}
