package dev.caravan.fleet;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The background work of one server: what it holds, and when it may take more. Any thread may read
 * and change it; each number is an atomic of its own, and {@link Lease} alone changes them.
 */
public final class Background {
  /*
   * The rule
   * --------
   * Engines prefill in the order of arrival and cannot be told to stop: a background prompt that was
   * sent stands before whoever comes next. Where there is interactive traffic, three things keep
   * that small. docs/background.md has what each of them is worth.
   *
   * - A prompt starts only where nobody waits for a first token: it then delays those alone who come
   *   while it is computed (in queueing theory: non-preemptive priority).
   * - One at a time, and a rest after it. Of all arrivals the share `took / (took + rest)` meets it,
   *   and is late by `took` at most. Where a prompt is small beside the longest interactive ones of
   *   late, that is not noticed in a 99th percentile; where it is as long, it must be rare. So the
   *   rest grows with the square of that ratio. It has a least, because what background prompts push
   *   out of the prefix cache is computed again by others, and a most, so that long ones have their
   *   turn. Lengths are compared, not times: no speed is in the ratio, and nothing that background
   *   work itself makes slower.
   * - What background requests hold at a time is a small share of the cache: an engine reads all of
   *   it at each step, and steps are what interactive requests are made of.
   *
   * What a prompt takes is estimated by the speed that interactive requests have shown: background
   * answers are mostly not streamed, and say nothing of when their prompt was done.
   */

  /**
   * Interactive traffic is there for so long after a request: steady traffic of a pool has no
   * longer pauses, and a single request does not hold up a backlog. Chosen without experiment.
   */
  static final long LIVE_NANOS = 10_000_000_000L;

  /** The rest after any prompt, in times of what it took. */
  static final double LEAST_REST = 15;

  /** What is added after one as long as the longest interactive ones, in times of what it took. */
  static final double MORE_REST = 100;

  /** The most rest, in times of what a prompt took. */
  static final double MOST_REST = 500;

  /** The share of the cache that background requests hold at most, but for a single one. */
  static final double CACHE_SHARE = 0.03;

  /** Time over which the longest interactive prompt fades by a factor of e. */
  private static final double FADE_NANOS = 60e9;

  /** Instants are kept in units of 2^20 ns, so that 32 bits of them overflow as a ticker does. */
  private static final int TICK_BITS = 20;

  private final AtomicInteger inflight = new AtomicInteger();
  private final AtomicLong tokens = new AtomicLong();

  /** When the last prompt is thought to be computed, on the ticker's scale; 0 for none yet. */
  private final AtomicLong computed = new AtomicLong();

  /** Until when no other may start; 0 for none yet. */
  private final AtomicLong rested = new AtomicLong();

  /** The longest interactive prompt of late, and when: two numbers in one. */
  private final AtomicLong longest = new AtomicLong();

  private volatile long lastTokens;
  private volatile BackgroundPolicy policy = BackgroundPolicy.DEFAULT;

  Background() {}

  /** What is kept for interactive requests. */
  public BackgroundPolicy policy() {
    return policy;
  }

  /** Says what is kept for interactive requests; leases in flight go on. */
  public void policy(BackgroundPolicy said) {
    policy = said;
  }

  /** Tokens of the background requests that hold a lease now. */
  public long tokens() {
    return Math.max(0, tokens.get());
  }

  /** Those of the one that came last. */
  public long lastTokens() {
    return lastTokens;
  }

  /** Background requests that hold a lease now. */
  public int inflight() {
    return Math.max(0, inflight.get());
  }

  /** Nanoseconds until background prompts are thought to be computed, from 0. */
  public long computingNanos(long nowNanos) {
    long until = computed.get();
    return until == 0 ? 0 : Math.max(0, until - nowNanos);
  }

  // ---- interactive requests

  /** An interactive request was sent. */
  void interactive(Work work, long nowNanos) {
    float prefill = work.prefillTokens() + Load.FIXED_TOKENS;
    int now = (int) (nowNanos >> TICK_BITS);
    longest.getAndUpdate(
        was -> {
          float known = faded(was, now);
          return prefill > known
              ? (long) Float.floatToIntBits(prefill) << 32 | (now & 0xFFFFFFFFL)
              : was;
        });
  }

  private static float faded(long packed, int nowTicks) {
    float value = Float.intBitsToFloat((int) (packed >>> 32));
    double age = Math.max(0, nowTicks - (int) packed) * (double) (1 << TICK_BITS);
    return (float) (value * Math.exp(-age / FADE_NANOS));
  }

  // ---- background requests

  /** Whether a prompt may start now, where there is interactive traffic. */
  Room moment(Load load, int cacheTokens, int promptTokens, long nowNanos) {
    if (!policy.paced()) {
      return Room.FREE;
    }
    long until = rested.get();
    if (until != 0 && nowNanos - until < 0) {
      return Room.PACE;
    }
    if (load.someoneWaits(nowNanos)) {
      return Room.QUEUE;
    }
    long held = tokens.get();
    return held > 0 && held + promptTokens > CACHE_SHARE * cacheTokens ? Room.CACHE : Room.FREE;
  }

  /**
   * Takes the moment for a prompt, unless another has just taken it.
   *
   * @return whether it may be sent
   */
  boolean start(Work work, Load load, long nowNanos) {
    if (!policy.paced()) {
      return true;
    }
    long was = rested.get();
    if (was != 0 && nowNanos - was < 0) {
      return false;
    }
    double prefill = work.prefillTokens() + Load.FIXED_TOKENS;
    double took = prefill / load.tokensPerMilli() * 1e6;
    double usual = Math.max(1, faded(longest.get(), (int) (nowNanos >> TICK_BITS)));
    double ratio = prefill / usual;
    long end = nowNanos + (long) took;
    double rest = took * Math.min(MOST_REST, LEAST_REST + MORE_REST * ratio * ratio);
    long next = end + (long) rest;
    if (!rested.compareAndSet(was, next | 1)) {
      return false;
    }
    computed.set(end | 1);
    return true;
  }

  void entered(Work work) {
    inflight.getAndIncrement();
    tokens.addAndGet(work.totalTokens());
    lastTokens = work.totalTokens();
  }

  void left(Work work) {
    inflight.getAndDecrement();
    tokens.addAndGet(-work.totalTokens());
  }
}
