package dev.caravan.upstream;

import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import org.jspecify.annotations.Nullable;

/**
 * A call's stay in the pool that answers it, which counts the call meanwhile. Of its event loop.
 */
final class PoolVisit {
  private String name = "";
  private PoolPolicy policy = PoolPolicy.DEFAULT;
  private @Nullable Pool home;
  private boolean repeat;
  private @Nullable Runnable over;
  private @Nullable InLine line;
  private long waitedNanos;

  /** The pool of that name answers it, and does not count it. */
  void passThrough(String pool) {
    name = pool;
  }

  /** As another call's pool, which counts that one alone. */
  void passThrough(PoolVisit other) {
    name = other.name;
    policy = other.policy;
  }

  /**
   * Enters a pool.
   *
   * @param sentBefore whether the client has sent the request before
   */
  void enter(Pool pool, boolean sentBefore) {
    leave();
    name = pool.name();
    policy = pool.policy();
    home = pool;
    repeat = sentBefore;
    pool.enter();
    if (sentBefore) {
      pool.repeats(1);
    }
  }

  /** The call is sent again; where a pool counts it, that is told once. */
  void again() {
    Pool counted = home;
    if (counted != null && !repeat) {
      repeat = true;
      counted.repeats(1);
    }
  }

  void leave() {
    Pool counted = home;
    home = null;
    if (counted != null) {
      counted.leave();
      if (repeat) {
        counted.repeats(-1);
      }
    }
    Runnable then = over;
    over = null;
    if (then != null) {
      then.run();
    }
  }

  /** Run once when it leaves. */
  void over(Runnable then) {
    over = then;
  }

  /** It waits in the pool's queue; null where it does so no more. */
  void inLine(@Nullable InLine place) {
    line = place;
  }

  @Nullable InLine inLine() {
    return line;
  }

  void waited(long nanos) {
    waitedNanos += nanos;
  }

  long waitedNanos() {
    return waitedNanos;
  }

  /** Empty before it came to one. */
  String name() {
    return name;
  }

  PoolPolicy policy() {
    return policy;
  }

  /** Who counts it now, if anybody. */
  @Nullable Pool home() {
    return home;
  }
}
