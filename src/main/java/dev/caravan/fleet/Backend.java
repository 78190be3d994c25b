package dev.caravan.fleet;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
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
  private static final VarHandle PROGRESS;

  static {
    try {
      PROGRESS = MethodHandles.lookup().findVarHandle(Backend.class, "progress", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * How large its prefix cache is thought to be where nobody says: half of what an 80 GB card has
   * left beside a model of 8 billion parameters.
   */
  public static final int DEFAULT_CACHE_TOKENS = 1 << 18;

  private final String name;
  private final AtomicInteger inflight = new AtomicInteger();
  private final Load load = new Load();
  private final Background background = new Background();

  @SuppressWarnings("UnusedVariable") // through PROGRESS
  private long progress;

  private final CopyOnWriteArrayList<LeaseListener> listeners = new CopyOnWriteArrayList<>();
  private final CopyOnWriteArrayList<Runnable> cacheListeners = new CopyOnWriteArrayList<>();

  /** What the routes say. */
  private BackendSpec said; // guarded by this

  /** What the routes say, with what an operator has set. */
  private volatile BackendSpec spec;

  private volatile ServerOverride override = ServerOverride.NONE;
  private volatile Availability availability = Availability.UP;
  private volatile Gate gate = Gate.NONE;
  private volatile Share share = Share.FULL;
  private volatile List<Pool> pools = List.of();
  private volatile int cacheTokens = DEFAULT_CACHE_TOKENS;
  private volatile GapListener gaps = (lease, nanos) -> {};

  public Backend(BackendSpec spec) {
    this.name = spec.name();
    this.said = spec;
    this.spec = spec;
  }

  public String name() {
    return name;
  }

  /** What holds of it now: what its route says, under what an operator has set. */
  public BackendSpec spec() {
    return spec;
  }

  /** Takes what a reloaded route says; leases in flight go on. */
  public synchronized void respecify(BackendSpec newSpec) {
    said = newSpec;
    settle();
  }

  /** What an operator has set of it. */
  public ServerOverride override() {
    return override;
  }

  /** Takes what an operator sets; {@link Overrides} alone calls this. */
  synchronized void override(ServerOverride now) {
    override = now;
    settle();
  }

  /** Both meet here, so that the choice of a server reads one value. */
  private void settle() {
    Integer weight = override.weight();
    spec = weight == null || weight == said.weight() ? said : said.withWeight(weight);
  }

  /** Requests that hold a lease on it now; never negative. */
  public int inflight() {
    return inflight.get();
  }

  /** The work before it, as leases count it. */
  public Load load() {
    return load;
  }

  /**
   * The size of its prefix cache, in tokens, from 1: as its route says, else as its engine says.
   */
  public int cacheTokens() {
    int said = spec.cacheTokens();
    return said == BackendSpec.UNKNOWN ? cacheTokens : said;
  }

  /** Its engine has said how large its prefix cache is; 0 for none. */
  public void cacheTokens(long tokens) {
    cacheTokens = (int) Math.max(1, Math.min(Integer.MAX_VALUE, tokens));
  }

  /** Adds someone who learns that its prefix cache is gone. */
  public void onCacheLost(Runnable listener) {
    cacheListeners.add(listener);
  }

  /** Whatever it had in its prefix cache is gone: it was started anew. Health alone calls this. */
  public void cacheLost() {
    cacheListeners.forEach(Runnable::run);
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

  /** How much of its fair share it is to get now. */
  public Share share() {
    return share;
  }

  /** Health alone calls this. */
  public void share(Share now) {
    share = now;
  }

  /** The pools that it answers for, in the order in which they named it first. */
  public List<Pool> pools() {
    return pools;
  }

  /** How it comes back: the most careful of what its pools say. */
  public PoolPolicy.Recovery recovery() {
    long slowStartMillis = 0;
    int warmUpPrompts = 0;
    for (Pool pool : pools) {
      PoolPolicy.Recovery said = pool.policy().recovery();
      slowStartMillis = Math.max(slowStartMillis, said.slowStartMillis());
      warmUpPrompts = Math.max(warmUpPrompts, said.warmUpPrompts());
    }
    return new PoolPolicy.Recovery(slowStartMillis, warmUpPrompts);
  }

  /** A pool names it. */
  synchronized void serves(Pool pool) {
    if (!pools.contains(pool)) {
      List<Pool> more = new ArrayList<>(pools);
      more.add(pool);
      pools = List.copyOf(more);
    }
  }

  /** A pool names it no more. */
  synchronized void leaves(Pool pool) {
    if (pools.contains(pool)) {
      List<Pool> fewer = new ArrayList<>(pools);
      fewer.remove(pool);
      pools = List.copyOf(fewer);
    }
  }

  /**
   * Changes whenever a part of some answer of it arrives: two equal readings mean that nothing came
   * in between. Says nothing of how much; readings of other threads may be a moment old.
   */
  public long progress() {
    return (long) PROGRESS.getOpaque(this);
  }

  /** A part of an answer is here. */
  void progressed() {
    // Two threads may write the same number; a third, later one still differs from both.
    PROGRESS.setOpaque(this, (long) PROGRESS.getOpaque(this) + 1);
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
    return enter(spec.maxInflight());
  }

  /**
   * How many more requests it may hold now, from 0: none where it may not be chosen. Large where it
   * has no limit.
   */
  public int room() {
    return usable() ? Math.max(0, spec.maxInflight() - inflight.get()) : 0;
  }

  /** Whether health and its breaker let it have requests, however many it holds. */
  public boolean usable() {
    return availability.eligible() && gate.permits();
  }

  private boolean enter(int max) {
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

  // ---- background requests

  /** Its background work. */
  public Background background() {
    return background;
  }

  /**
   * Whether it has room for one more background request.
   *
   * @param promptTokens of the request
   */
  public Room room(int promptTokens, long nowNanos) {
    boolean live = live(nowNanos);
    if (inflight.get() >= background.policy().most(spec.maxInflight(), live)) {
      return Room.SLOTS;
    }
    return live ? background.moment(load, cacheTokens(), promptTokens, nowNanos) : Room.FREE;
  }

  /**
   * Counts one more in flight that is background work, unless there is no {@link #room} for it.
   *
   * @return whether it was counted
   */
  boolean enterBehind(Work work, long nowNanos) {
    if (room(work.promptTokens(), nowNanos) != Room.FREE) {
      return false;
    }
    boolean live = live(nowNanos);
    if (live && !background.start(work, load, nowNanos)) {
      return false;
    }
    if (!enter(background.policy().most(spec.maxInflight(), live))) {
      return false;
    }
    background.entered(work);
    return true;
  }

  private boolean live(long nowNanos) {
    for (Pool pool : pools) {
      if (pool.live(nowNanos)) {
        return true;
      }
    }
    return false;
  }

  /** An interactive request was sent to it. */
  void interactive(Work work, long nowNanos) {
    background.interactive(work, nowNanos);
    List<Pool> all = pools;
    for (int i = 0; i < all.size(); i++) {
      all.get(i).interactive(nowNanos);
    }
  }

  Iterable<LeaseListener> listeners() {
    return listeners;
  }

  @Override
  public String toString() {
    return name;
  }
}
