package dev.caravan.fleet;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The work that a server has before it, in tokens, and how fast it gets on with it: kept from what
 * was sent there and when the answers began, without asking the server.
 *
 * <p>Any thread may read and change it. Each number is an atomic of its own; a reader between two
 * of them sees an estimate that is a request off.
 */
public final class Load {
  /*
   * The backlog
   * -----------
   * Engines prefill in the order of arrival, so "how much was sent" and "up to which request is it
   * done" say everything: `sent` counts the prefill tokens of all requests, each remembers where it
   * ended, and a first token moves `done` to there. Between two first tokens only the request at the
   * head gets on, so the time since then counts for at most an average one. Where that takes longer
   * than it should, there is work of which the gateway does not know, another gateway's say; it is
   * taken to need as long again as it is late already: the best guess where nothing else is known.
   * A request that ends without a first token, or with an error, gives its tokens back. When nobody waits, both meet
   * again: whatever error there was is gone.
   *
   * An answer that is not streamed has its first byte at its end, which says nothing of when its
   * prompt was done. Where a server makes no others, only time tells: the backlog falls by the speed,
   * and nobody is late. One streamed answer's first token puts it right.
   *
   * The speed
   * ---------
   * What `done` moved by, over the time that took, while there was work: whatever else the server
   * does between, decoding above all, is in it. Every request counts for some tokens more than its
   * prompt has, here and wherever times are made of tokens: a short prompt takes longer than its
   * tokens do, and would make its server look slow. Both sums decay by the tokens, so that a busy
   * minute learns a new speed; what was measured long ago counts less beside other servers'. It is in the gateway's own estimated
   * tokens: where the estimate is off by a factor, so is the speed, and times come out right.
   *
   * The time to the first token
   * ---------------------------
   * The peak-sensitive moving average of Finagle's "peak EWMA" balancer: a worse one counts at once,
   * better ones little by little, and it fades with time. It is kept for a token of the prompt, for
   * the time itself says how long the prompt was rather than how the server is.
   */

  /** Until something is measured: a mid-sized model on one card. Chosen without experiment. */
  public static final double PRIOR_TOKENS_PER_MILLI = 10;

  /** Tokens over which what was measured loses weight by a factor of e: some dozen requests. */
  private static final double SPEED_MEMORY_TOKENS = 65_536;

  /** Measured tokens of which one would believe half. */
  private static final double DOUBT_TOKENS = 8_192;

  /**
   * After so long a measured speed is worth half, after twice that a third: a server that looked
   * slow gets few requests, and must not for ever.
   */
  private static final double FORGET_MILLIS = 60_000;

  /** Time over which a time to the first token fades by a factor of e: Finagle's default. */
  private static final double FADE_MILLIS = 10_000;

  /** Instants are kept in units of 2^20 ns, so that 32 bits of them overflow as a ticker does. */
  private static final int TICK_BITS = 20;

  private static final double FADE_TICKS = FADE_MILLIS * 1e6 / (1 << TICK_BITS);

  /** Until an answer's length is known: a paragraph. Chosen without experiment. */
  private static final float PRIOR_OUTPUT_TOKENS = 200;

  /** What a request costs beside its prompt, in tokens of a prompt; chosen without experiment. */
  public static final int FIXED_TOKENS = 500;

  private static final float OUTPUT_WEIGHT = 0.05f;

  private final AtomicLong tokens = new AtomicLong();
  private final AtomicInteger queued = new AtomicInteger();

  /** Of the queued those that will not say when their prompt is done. */
  private final AtomicInteger silent = new AtomicInteger();

  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong done = new AtomicLong();
  private final AtomicLong speed = new AtomicLong();
  private volatile long learnedNanos;
  private final AtomicLong ttft = new AtomicLong();
  private volatile long movedNanos;
  private final AtomicInteger outputTokens =
      new AtomicInteger(Float.floatToIntBits(PRIOR_OUTPUT_TOKENS));

  Load() {}

  // ---- what is written, by leases alone

  /**
   * A request was sent.
   *
   * @return where its prefill ends, for {@link #firstToken}
   */
  long begun(Work work, long nowNanos) {
    tokens.addAndGet(work.totalTokens());
    if (work.background()) {
      return 0; // what it computes is no part of the queue: Background knows of it
    }
    if (!work.streamed()) {
      silent.getAndIncrement();
    }
    if (queued.getAndIncrement() == 0) {
      movedNanos = nowNanos;
    }
    return sent.addAndGet(prefill(work));
  }

  /** A request's prefill with what it costs beside. */
  private static int prefill(Work work) {
    return work.prefillTokens() + FIXED_TOKENS;
  }

  /**
   * The first byte of its answer is here.
   *
   * @param end what {@link #begun} said
   * @param token whether it is a part of what was asked for, not of an error
   * @param sinceNanos how long it took
   */
  void firstToken(Work work, long end, boolean token, long sinceNanos, long nowNanos) {
    if (work.background()) {
      return;
    }
    if (!token) {
      // An error says nothing of those before it: it may well have overtaken them.
      giveBack(work);
      return;
    }
    boolean streamed = work.streamed();
    long moved = nowNanos - movedNanos;
    long before = done.getAndAccumulate(end, Math::max);
    if (end > before && streamed) {
      movedNanos = nowNanos;
      learnSpeed(end - before, moved);
      learnedNanos = nowNanos;
    } else if (end > before) {
      // What it took of the time that has passed is not there for the others.
      long took = (long) ((end - before) / tokensPerMilli() * 1e6);
      movedNanos = nowNanos - Math.max(0, moved - took);
    }
    if (streamed) {
      learnTtft(sinceNanos / prefill(work), nowNanos);
    }
    leaveQueue(work);
  }

  /**
   * A request has ended.
   *
   * @param began whether its first byte had come
   * @param completionTokens as the server counted them; -1 where it did not
   */
  void ended(Work work, boolean began, long completionTokens) {
    tokens.addAndGet(-work.totalTokens());
    if (!began && !work.background()) {
      giveBack(work);
    }
    if (completionTokens >= 0) {
      outputTokens.getAndUpdate(
          was -> {
            float known = Float.intBitsToFloat(was);
            return Float.floatToIntBits(known + OUTPUT_WEIGHT * (completionTokens - known));
          });
    }
  }

  private void giveBack(Work work) {
    long all = sent.get();
    done.getAndAccumulate(prefill(work), (was, more) -> Math.min(all, was + more));
    leaveQueue(work);
  }

  private void leaveQueue(Work work) {
    if (!work.streamed()) {
      silent.getAndDecrement();
    }
    long all = sent.get();
    if (queued.decrementAndGet() == 0) {
      done.accumulateAndGet(all, Math::max);
    }
  }

  private void learnSpeed(long more, long nanos) {
    float millis = Math.max(0, nanos) / 1e6f;
    float keep = (float) Math.exp(-more / SPEED_MEMORY_TOKENS);
    speed.getAndUpdate(
        was ->
            pack(
                keep * high(was) + more,
                Float.floatToIntBits(keep * Float.intBitsToFloat((int) was) + millis)));
  }

  private void learnTtft(long nanos, long nowNanos) {
    float millis = nanos / 1e6f;
    int now = (int) (nowNanos >> TICK_BITS);
    ttft.getAndUpdate(
        was -> {
          float known = high(was);
          double keep = Math.exp(-Math.max(0, now - (int) was) / FADE_TICKS);
          return pack(millis > known ? millis : (float) (known * keep + millis * (1 - keep)), now);
        });
  }

  // ---- what is read

  /** Tokens of the requests that it holds: their prompts, and their answers as expected. */
  public long tokens() {
    return Math.max(0, tokens.get());
  }

  /** Requests that wait for their first token. */
  public int queued() {
    return Math.max(0, queued.get());
  }

  /**
   * Whether an interactive request is thought to wait for its first token. Of those that are not
   * streamed only time tells.
   */
  boolean someoneWaits(long nowNanos) {
    int waiting = queued();
    return waiting > silent.get() || (waiting > 0 && backlogTokens(nowNanos, tokensPerMilli()) > 0);
  }

  /**
   * Prompt tokens that it is still to compute before a new request's, each request counted with
   * {@link #FIXED_TOKENS} more than its prompt has.
   *
   * @param tokensPerMilli its speed
   */
  public long backlogTokens(long nowNanos, double tokensPerMilli) {
    int waiting = queued();
    if (waiting == 0) {
      return 0;
    }
    double behind = Math.max(0, sent.get() - done.get());
    boolean told = waiting > silent.get();
    double head = told ? behind / waiting : behind;
    double worked = (nowNanos - movedNanos) / 1e6 * tokensPerMilli;
    double left = head - Math.max(0, worked);
    return (long) (behind - head + (told ? Math.abs(left) : Math.max(0, left)));
  }

  /**
   * Prompt tokens that it computes in a millisecond, as measured; {@link #PRIOR_TOKENS_PER_MILLI}
   * where nothing was.
   */
  public double tokensPerMilli() {
    long now = speed.get();
    return now == 0
        ? PRIOR_TOKENS_PER_MILLI
        : high(now) / Math.max(1e-3f, Float.intBitsToFloat((int) now));
  }

  /** The inverse of {@link #tokensPerMilli}: the time for one token, in milliseconds. */
  public double millisPerToken() {
    return 1 / tokensPerMilli();
  }

  /**
   * How much of {@link #tokensPerMilli} is known, from 0 to 1: little where little was measured, or
   * long ago.
   */
  public double confidence(long nowNanos) {
    long now = speed.get();
    if (now == 0) {
      return 0;
    }
    double measured = high(now);
    double age = Math.max(0, nowNanos - learnedNanos) / 1e6;
    return measured * FORGET_MILLIS / ((measured + DOUBT_TOKENS) * (FORGET_MILLIS + age));
  }

  /**
   * The moving average of its time to the first token for a token of the prompt, where every prompt
   * counts for {@link #FIXED_TOKENS} more than it has, worst ones first; 0 before the first.
   */
  public double ttftMillisPerToken(long nowNanos) {
    long was = ttft.get();
    if (was == 0) {
      return 0;
    }
    int age = (int) (nowNanos >> TICK_BITS) - (int) was;
    return high(was) * Math.exp(-Math.max(0, age) / FADE_TICKS);
  }

  /** How long its answers are on average, in tokens. */
  public int outputTokens() {
    return Math.round(Float.intBitsToFloat(outputTokens.get()));
  }

  // ---- two numbers in one atomic

  private static long pack(float high, int low) {
    return (long) Float.floatToIntBits(high) << 32 | (low & 0xFFFFFFFFL);
  }

  private static float high(long packed) {
    return Float.intBitsToFloat((int) (packed >>> 32));
  }
}
