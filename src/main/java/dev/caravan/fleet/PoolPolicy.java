package dev.caravan.fleet;

import dev.caravan.tenant.Quota;

/**
 * What a route says about one pool. Immutable; validated where it is read.
 *
 * @param timeouts how long its servers may take, where they do not say themselves
 * @param attempts the most servers that a request may be sent to, from 1; {@link #UNSAID} for the
 *     gateway's own default
 * @param retryBudgetPercent retries for every hundred live requests, from 0
 * @param hedge whether a slow first token brings in a second server
 * @param pingMillis silence on a stream after which the client gets a comment, from 1; 0 for never
 * @param resume whether a stream that broke off goes on at another server
 * @param recovery how a server comes back
 * @param ejection when its failures take a server out
 * @param panicPercent below this share of usable servers, those of which the verdict may be wrong
 *     are used as well; from 0 to 100
 * @param affinity whether conversations stay where they are at home
 * @param limits what all its clients may use of it together
 * @param queue how requests wait that find its servers full
 */
public record PoolPolicy(
    Timeouts timeouts,
    int attempts,
    int retryBudgetPercent,
    Hedge hedge,
    long pingMillis,
    boolean resume,
    Recovery recovery,
    Ejection ejection,
    int panicPercent,
    Affinity affinity,
    Quota limits,
    Queue queue) {

  /** As the longer one, without limits and without a queue. */
  public PoolPolicy(
      Timeouts timeouts,
      int attempts,
      int retryBudgetPercent,
      Hedge hedge,
      long pingMillis,
      boolean resume,
      Recovery recovery,
      Ejection ejection,
      int panicPercent,
      Affinity affinity) {
    this(
        timeouts,
        attempts,
        retryBudgetPercent,
        hedge,
        pingMillis,
        resume,
        recovery,
        ejection,
        panicPercent,
        affinity,
        Quota.UNLIMITED,
        Queue.OFF);
  }

  /** The same with other limits and another queue. */
  public PoolPolicy with(Quota otherLimits, Queue otherQueue) {
    return new PoolPolicy(
        timeouts,
        attempts,
        retryBudgetPercent,
        hedge,
        pingMillis,
        resume,
        recovery,
        ejection,
        panicPercent,
        affinity,
        otherLimits,
        otherQueue);
  }

  /** {@link #attempts} where the route does not say. */
  public static final int UNSAID = 0;

  /**
   * When a second server is asked for the same answer.
   *
   * @param mode what the wait is
   * @param delayMillis the wait where it is fixed
   * @param budgetPercent extra requests for every hundred, from 1
   */
  public record Hedge(Mode mode, long delayMillis, int budgetPercent) {

    /** What a hedge waits for. */
    public enum Mode {
      OFF,
      /** The pool's 95th percentile of the time to the first token. */
      P95,
      /** A fixed time. */
      FIXED
    }

    public static final Hedge OFF = new Hedge(Mode.OFF, 0, 5);
  }

  /**
   * How a server comes back.
   *
   * @param slowStartMillis how long its share of the traffic grows; 0 for at once
   * @param warmUpPrompts prompts that it must answer before it gets traffic, from 0
   */
  public record Recovery(long slowStartMillis, int warmUpPrompts) {}

  /**
   * When its failures take a server out.
   *
   * @param consecutiveFailures failed requests in a row, from 1; 0 for never
   * @param baseMillis how long it is out the first time; each further time twice as long
   * @param maxPercent the most of a pool that may be out for this reason, from 0 to 100
   */
  public record Ejection(int consecutiveFailures, long baseMillis, int maxPercent) {}

  /**
   * How requests wait that find its servers full.
   *
   * @param most how many may, from 0, which is for none
   * @param waitMillis the longest that each may, from 1
   */
  public record Queue(int most, long waitMillis) {

    /** Longer than that, people and client libraries think that nobody is there. */
    public static final Queue OFF = new Queue(0, 30_000);

    /** Whether anybody may wait. */
    public boolean on() {
      return most > 0;
    }
  }

  /**
   * Whether conversations stay where they are at home.
   *
   * @param boundPercent how much of an even share of the pool's load their home may hold before it
   *     is over its bound, from 100
   */
  public record Affinity(Stickiness mode, int boundPercent) {

    /** What a conversation does when its home cannot take it. */
    public enum Stickiness {
      /** Conversations have no home. */
      OFF,
      /** It goes to the next server in its order, and comes back. */
      SOFT,
      /** It gets an error, unless its home is being emptied. */
      STRICT
    }

    /*
     * 125 %: from Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads" (SODA
     * 2018), and what HAProxy's documentation recommends for hash-balance-factor (125 to 200).
     */
    public static final Affinity OFF = new Affinity(Stickiness.OFF, 125);
  }

  /*
   * The reasons, chosen without experiment where none is given:
   *
   * - retry budget 20 %: what Envoy and Google's SRE book use; a fifth more load is survivable.
   * - slow start 10 s: tens of requests of an ordinary server, enough to fill its prefix cache.
   * - 5 failures in a row: Envoy's default; the breaker opens earlier where most calls fail.
   * - out for 10 s first: one probe period; 20 s, 40 s follow.
   * - at most half a pool out, by evidence that may come from the requests themselves.
   * - panic below 10 %: one well server of ten can still shed its surplus honestly; below that the
   *   verdicts are more likely wrong than right.
   */
  /** What holds where a route says nothing. */
  public static final PoolPolicy DEFAULT =
      new PoolPolicy(
          Timeouts.UNSAID,
          UNSAID,
          20,
          Hedge.OFF,
          0,
          false,
          new Recovery(10_000, 0),
          new Ejection(5, 10_000, 50),
          10,
          Affinity.OFF);
}
