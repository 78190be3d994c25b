package dev.caravan.fleet;

import dev.caravan.outcome.Outcome;
import dev.caravan.time.Ticker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One request's hold on a model server, from the pick to the last byte. It counts as in-flight
 * while it is open, and is closed exactly once, with the {@link Outcome} that everyone learns from;
 * later closes are refused.
 *
 * <p>One event loop uses it, except that any thread may close it: the close is one atomic step.
 */
public final class Lease {
  private static final VarHandle OUTCOME;

  static {
    try {
      OUTCOME = MethodHandles.lookup().findVarHandle(Lease.class, "outcome", Outcome.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Backend backend;
  private final String pool;
  private final Ticker ticker;
  private final Work work;
  private final int aheadOfIt;
  private final long prefillEnd;
  private final long openedNanos;
  private final long progressAtOpen;
  private long firstByteNanos;
  private boolean firstByteSeen;
  private long closedNanos;
  // Written after closedNanos, so that whoever sees it true sees the instant too.
  private volatile boolean ended;
  private long promptTokens = -1;
  private long completionTokens = -1;
  private long cachedTokens = -1;
  private long events;
  private @Nullable LeaseListener guard;
  private @Nullable LeaseListener trace;
  private @Nullable String affinity;
  private @Nullable String response;
  private String operation = "";
  private String balancer = "";
  private String purpose = "";

  @SuppressWarnings("UnusedVariable") // through OUTCOME
  private volatile @Nullable Outcome outcome;

  private Lease(Backend backend, String pool, Ticker ticker, Work work, long now) {
    this.backend = backend;
    this.pool = pool;
    this.ticker = ticker;
    this.work = work;
    this.openedNanos = now;
    if (!work.background()) {
      backend.interactive(work, openedNanos);
    }
    this.aheadOfIt = backend.load().queued();
    this.prefillEnd = backend.load().begun(work, openedNanos);
    this.progressAtOpen = backend.progress();
  }

  /**
   * Takes a place on the server.
   *
   * @return the lease, or null where the server is at its limit, or has no {@link Room} for
   *     background work: pick another
   */
  public static @Nullable Lease open(Backend backend, String pool, Ticker ticker, Work work) {
    long now = ticker.nanos();
    boolean entered = work.background() ? backend.enterBehind(work, now) : backend.enter();
    return entered ? new Lease(backend, pool, ticker, work, now) : null;
  }

  /** As {@link #open(Backend, String, Ticker, Work)}, where nothing is known of the request. */
  public static @Nullable Lease open(Backend backend, String pool, Ticker ticker) {
    return open(backend, pool, ticker, Work.UNKNOWN);
  }

  public Backend backend() {
    return backend;
  }

  /** When the server was picked, on the ticker's scale. */
  public long openedNanos() {
    return openedNanos;
  }

  /** What the request was thought to ask of the server. */
  public Work work() {
    return work;
  }

  /** Requests that waited there for their first token when it was sent. */
  public int aheadOfIt() {
    return aheadOfIt;
  }

  /** Why affinity chose this server, in a word that clients and logs may see. */
  public void affinity(String word) {
    affinity = word;
  }

  /** Why affinity chose this server; null where the balancer did by its own rule. */
  public @Nullable String affinity() {
    return affinity;
  }

  /**
   * Who picked this server, and what for; both are constants.
   *
   * @param by the balancer's name
   * @param to {@code first}, {@code retry}, {@code hedge} or {@code resumption}
   */
  public void picked(String by, String to) {
    balancer = by;
    purpose = to;
  }

  /** The balancer that picked this server; empty where the route itself did. */
  public String balancer() {
    return balancer;
  }

  /** What this server was picked for; empty where the route itself picked it. */
  public String purpose() {
    return purpose;
  }

  /** What is asked of the server, one of a fixed set of words; empty before it is sent there. */
  public String operation() {
    return operation;
  }

  /** It is sent to the server, to do that. */
  public void operation(String word) {
    operation = word;
  }

  /** What is recorded of it, where somebody follows it from system to system: told last of all. */
  public void trace(LeaseListener attempt) {
    trace = attempt;
  }

  /** What is recorded of it, or null. */
  public @Nullable LeaseListener trace() {
    return trace;
  }

  /** The answer's id, of an API whose answers the server stores. */
  public void response(String id) {
    response = id;
  }

  /** The answer's id, where it is of an API whose answers the server stores and has come. */
  public @Nullable String response() {
    return response;
  }

  /** The pool that the request came through. */
  public String pool() {
    return pool;
  }

  /**
   * One more who learns from this lease alone, before the server's own listeners: the breaker that
   * permitted it. A lease has one guard at most; it must be open.
   */
  public void guard(LeaseListener breaker) {
    if (guard != null) {
      throw new IllegalStateException("lease on " + backend + " is guarded already");
    }
    guard = breaker;
  }

  /** Whether a breaker has permitted this lease. */
  public boolean guarded() {
    return guard != null;
  }

  /**
   * The first byte of the answer's body is here. Calls after the first change nothing.
   *
   * @param token whether it is a part of what was asked for, not of an error
   */
  public void firstByte(boolean token) {
    if (!firstByteSeen) {
      firstByteSeen = true;
      firstByteNanos = ticker.nanos();
      if (token) {
        backend.progressed();
      }
      backend
          .load()
          .firstToken(work, prefillEnd, token, firstByteNanos - openedNanos, firstByteNanos);
    }
  }

  /**
   * More of the answer came.
   *
   * @param gapNanos how long after the part before
   */
  public void progress(long gapNanos) {
    backend.progressed();
    backend.gaps().gap(this, gapNanos);
  }

  /** The token counts that the server reported in {@code usage}; -1 for one it did not report. */
  public void usage(long prompt, long completion, long cached) {
    promptTokens = prompt;
    completionTokens = completion;
    cachedTokens = cached;
  }

  /** How many events of a stream came, which is about as many tokens. */
  public void events(long count) {
    events = count;
  }

  /** Events of a stream that came; 0 before the answer has ended, and for one that is no stream. */
  public long events() {
    return events;
  }

  /**
   * Ends the hold: the count goes down, then the guard and the server's listeners learn.
   *
   * @return false where it had been closed before; nothing happened then
   */
  public boolean close(Outcome how) {
    if (!OUTCOME.compareAndSet(this, null, how)) {
      return false;
    }
    closedNanos = ticker.nanos();
    ended = true;
    backend.leave();
    if (work.background()) {
      backend.background().left(work);
    }
    backend.load().ended(work, firstByteSeen, completionTokens);
    LeaseListener breaker = guard;
    if (breaker != null) {
      breaker.closed(this, how);
    }
    for (LeaseListener listener : backend.listeners()) {
      listener.closed(this, how);
    }
    LeaseListener attempt = trace;
    if (attempt != null) {
      attempt.closed(this, how);
    }
    return true;
  }

  public boolean closed() {
    return outcome != null;
  }

  /** From the pick to the first byte of the answer, or -1 where none came. */
  public long timeToFirstByteNanos() {
    return firstByteSeen ? firstByteNanos - openedNanos : -1;
  }

  /** From the pick to the close, or to now while it is open. */
  public long durationNanos() {
    return (ended ? closedNanos : ticker.nanos()) - openedNanos;
  }

  /**
   * Whether the server has sent a part of some answer, this one's or another's, since the lease was
   * opened: one that has is at work, however long this request waits.
   */
  public boolean serverMoved() {
    return backend.progress() != progressAtOpen;
  }

  /** Prompt tokens as the server counted them, or -1. */
  public long promptTokens() {
    return promptTokens;
  }

  /** Prompt tokens that the server says it had in its prefix cache, or -1. */
  public long cachedTokens() {
    return cachedTokens;
  }

  /** Output tokens as the server counted them, or -1. */
  public long completionTokens() {
    return completionTokens;
  }
}
