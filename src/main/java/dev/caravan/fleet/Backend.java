package dev.caravan.fleet;

import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One model server: what the routes say of it and its live state. Lives as long as some route names
 * it, so that counts, breaker and health survive a reload.
 *
 * <p>Any thread may read and change it: the specification, availability and gate are immutable
 * values swapped whole; the in-flight count is one atomic, changed by leases alone.
 */
public final class Backend {
  private final String name;
  private final AtomicInteger inflight = new AtomicInteger();
  private final CopyOnWriteArrayList<LeaseListener> listeners = new CopyOnWriteArrayList<>();
  private volatile BackendSpec spec;
  private volatile Availability availability = Availability.UP;
  private volatile Gate gate = Gate.NONE;
  private volatile GapListener gaps = (lease, nanos) -> {};

  public Backend(BackendSpec spec) {
    this.name = spec.name();
    this.spec = spec;
  }

  public String name() {
    return name;
  }

  public BackendSpec spec() {
    return spec;
  }

  /** Takes what a reloaded route says; leases in flight go on. */
  public void respecify(BackendSpec newSpec) {
    spec = newSpec;
  }

  /** Requests that hold a lease on it now; never negative. */
  public int inflight() {
    return inflight.get();
  }

  public Availability availability() {
    return availability;
  }

  /** Health alone calls this. */
  public void availability(Availability now) {
    availability = now;
  }

  /** Its circuit breaker, as far as the choice of a server goes. */
  public Gate gate() {
    return gate;
  }

  public void gate(Gate now) {
    gate = now;
  }

  /** Who measures the gaps between the parts of its answers. */
  GapListener gaps() {
    return gaps;
  }

  /** Sets who measures the gaps between the parts of its answers. */
  public void gaps(GapListener listener) {
    gaps = listener;
  }

  /** Adds someone who learns from every lease of this server, in order of addition. */
  public void onClose(LeaseListener listener) {
    listeners.addIfAbsent(listener);
  }

  /**
   * Counts one more in flight unless that would pass the limit.
   *
   * @return whether it was counted
   */
  boolean enter() {
    int max = spec.maxInflight();
    // Never counted up to be taken back: for that moment another would see a place taken that is
    // free, and be refused on a server with room.
    int now = inflight.get();
    while (now < max) {
      if (inflight.compareAndSet(now, now + 1)) {
        return true;
      }
      now = inflight.get();
    }
    return false;
  }

  void leave() {
    inflight.decrementAndGet();
  }

  Iterable<LeaseListener> listeners() {
    return listeners;
  }

  @Override
  public String toString() {
    return name;
  }
}
