package dev.caravan.fleet;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * The servers that answer for one model, and the live numbers of their pool. Lives as long as its
 * name, so that counts survive a reload. Safe for any thread.
 */
public final class Pool {
  private static final long LIVE_STEP_NANOS = 100_000_000;

  private final String name;
  private final LongAdder inflight = new LongAdder();
  private final LongAdder panicPicks = new LongAdder();
  private final LongAdder repeats = new LongAdder();
  private volatile PoolPolicy policy = PoolPolicy.DEFAULT;
  private volatile List<Backend> backends = List.of();
  private volatile long interactiveNanos;

  public Pool(String name) {
    this.name = name;
  }

  public String name() {
    return name;
  }

  /** What the routes say of it now. */
  public PoolPolicy policy() {
    return policy;
  }

  /** Its servers now, in the order of the route. */
  public List<Backend> backends() {
    return backends;
  }

  /** Takes what a route says; requests on their way go on. */
  public void respecify(PoolPolicy newPolicy, List<Backend> servers) {
    List<Backend> before = backends;
    policy = newPolicy;
    backends = List.copyOf(servers);
    for (Backend server : backends) {
      server.serves(this);
    }
    for (Backend server : before) {
      if (!backends.contains(server)) {
        server.leaves(this);
      }
    }
  }

  /** Requests that are on their way through it: waiting, tried, or being answered. */
  public long inflight() {
    return inflight.sum();
  }

  /** One more is on its way; {@link #leave} once for each. */
  public void enter() {
    inflight.increment();
  }

  public void leave() {
    inflight.decrement();
  }

  /** An interactive request was sent to one of its servers. */
  void interactive(long nowNanos) {
    // Seldom written, so that event loops do not take the line from each other at every request.
    long known = interactiveNanos;
    if (known == 0 || nowNanos - known > LIVE_STEP_NANOS) {
      interactiveNanos = nowNanos | 1;
    }
  }

  /** Whether its servers have had an interactive request of late. */
  boolean live(long nowNanos) {
    long known = interactiveNanos;
    return known != 0 && nowNanos - known < Background.LIVE_NANOS;
  }

  /** How often a server was chosen while too few were usable. */
  public long panicPicks() {
    return panicPicks.sum();
  }

  /** One more was chosen so. */
  public void panicPick() {
    panicPicks.increment();
  }

  /** Of those on their way, one more or one less is a retry, the gateway's or its client's own. */
  public void repeats(int change) {
    repeats.add(change);
  }

  /** Requests that are on their way for the first time: retries are left out. */
  public long live() {
    return inflight.sum() - repeats.sum();
  }

  @Override
  public String toString() {
    return name;
  }
}
