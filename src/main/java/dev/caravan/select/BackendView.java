package dev.caravan.select;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Load;
import dev.caravan.fleet.Room;
import dev.caravan.request.InferenceRequest;

/**
 * One server's numbers as they were when its {@link Snapshot} was read. Read it, do not keep it:
 * the row of an event loop's snapshot is filled anew at the next selection there.
 */
public final class BackendView {
  private int index;
  private String name = "";
  private int inflight;
  private int weight = 1;
  private int maxInflight = BackendSpec.UNLIMITED;
  private Availability availability = Availability.UP;
  private boolean permitted = true;
  private double share = 1;
  private boolean tried;
  private long tokens;
  private int queued;
  private long backlogTokens;
  private double tokensPerMilli = 1;
  private double ttftMillisPerToken;
  private int cachedTokens;
  private double pressure;
  private double speedKnown;
  private double millisPerToken;
  private long nameDigest;
  private final BackgroundView background = new BackgroundView();

  BackendView() {}

  /** A row of plain values with a full share, for {@link Snapshot#of}. Never changes. */
  public static BackendView of(
      String name,
      int inflight,
      int weight,
      int maxInflight,
      Availability availability,
      boolean permitted,
      boolean tried) {
    return of(name, inflight, weight, maxInflight, availability, permitted, tried, 1);
  }

  /** A row of plain values, for {@link Snapshot#of}. Never changes. */
  public static BackendView of(
      String name,
      int inflight,
      int weight,
      int maxInflight,
      Availability availability,
      boolean permitted,
      boolean tried,
      double share) {
    BackendView view = new BackendView();
    view.named(name);
    view.inflight = inflight;
    view.weight = weight;
    view.maxInflight = maxInflight;
    view.availability = availability;
    view.permitted = permitted;
    view.tried = tried;
    view.share = share;
    return view;
  }

  /**
   * The same values with a load. For rows of plain values.
   *
   * @param tokens of the requests that it holds
   * @param queued requests that wait for their first token
   * @param backlogTokens prompt tokens that it is still to compute
   * @param tokensPerMilli how many of them it computes in a millisecond, above 0
   * @param ttftMillisPerToken the moving average of its time to the first token, for a token of the
   *     prompt
   */
  public BackendView loaded(
      long tokens,
      int queued,
      long backlogTokens,
      double tokensPerMilli,
      double ttftMillisPerToken) {
    BackendView copy = at(index);
    copy.tokens = tokens;
    copy.queued = queued;
    copy.backlogTokens = backlogTokens;
    copy.tokensPerMilli = tokensPerMilli;
    copy.ttftMillisPerToken = ttftMillisPerToken;
    return copy;
  }

  /**
   * The same values with a prefix cache.
   *
   * @param cachedPromptTokens tokens of the prompt that are in it
   * @param besideTheAverage how fast it is written over; 1 for as fast as the others
   */
  public BackendView caching(int cachedPromptTokens, double besideTheAverage) {
    BackendView copy = at(index);
    copy.cachedTokens = cachedPromptTokens;
    copy.pressure = besideTheAverage;
    return copy;
  }

  /** The same values at that position. */
  BackendView at(int position) {
    BackendView copy =
        of(name, inflight, weight, maxInflight, availability, permitted, tried, share);
    copy.index = position;
    copy.tokens = tokens;
    copy.queued = queued;
    copy.backlogTokens = backlogTokens;
    copy.tokensPerMilli = tokensPerMilli;
    copy.ttftMillisPerToken = ttftMillisPerToken;
    copy.cachedTokens = cachedTokens;
    copy.pressure = pressure;
    copy.background.copy(background);
    return copy;
  }

  /**
   * The same values with background work.
   *
   * @param settled background requests among those in flight that are past their prompt
   * @param settledTokens tokens of those
   * @param forMore whether there is room for one more
   */
  public BackendView yielding(int settled, long settledTokens, Room forMore) {
    BackendView copy = at(index);
    copy.background.set(settled, settledTokens, forMore);
    return copy;
  }

  private void named(String itsName) {
    name = itsName;
    nameDigest = Rendezvous.digest(itsName);
  }

  /** Reads each live number once. */
  void read(Backend backend, int position, boolean triedAlready) {
    BackendSpec spec = backend.spec();
    index = position;
    String itsName = backend.name();
    if (!itsName.equals(name)) {
      named(itsName);
    }
    inflight = backend.inflight();
    weight = spec.weight();
    maxInflight = spec.maxInflight();
    availability = backend.availability();
    permitted = backend.gate().permits();
    share = backend.share().now();
    tried = triedAlready;
    tokens = 0;
    queued = 0;
    backlogTokens = 0;
    tokensPerMilli = 1;
    ttftMillisPerToken = 0;
    cachedTokens = 0;
    pressure = 0;
    background.clear();
  }

  /**
   * Reads the load as well, for rows that go by it; {@link #blend} follows.
   *
   * @return how far its speed is known, from 0 to 1
   */
  double read(Load load, long nowNanos) {
    tokens = load.tokens();
    queued = load.queued();
    speedKnown = load.confidence(nowNanos);
    millisPerToken = load.millisPerToken();
    return speedKnown;
  }

  /** The time for a token as it was measured. */
  double millisPerToken() {
    return millisPerToken;
  }

  /**
   * Takes its speed to be that of others as far as its own is not known, and sees how much it has
   * to compute by that.
   *
   * @param usualMillis others' time for a token
   */
  void blend(Load load, double usualMillis, long nowNanos) {
    tokensPerMilli = 1 / (speedKnown * millisPerToken + (1 - speedKnown) * usualMillis);
    backlogTokens = queued == 0 ? 0 : load.backlogTokens(nowNanos, tokensPerMilli);
    backlogTokens += (long) (background.computingNanos() / 1e6 * tokensPerMilli);
  }

  /** Reads how long its first tokens take, for rows that go by that. */
  void readTtft(Load load, long nowNanos) {
    ttftMillisPerToken = load.ttftMillisPerToken(nowNanos);
  }

  /** Notes how fast its cache is written over. */
  void pressure(double besideTheAverage) {
    pressure = besideTheAverage;
  }

  /** Notes what it is thought to have of the prompt. */
  void cached(int promptTokens) {
    cachedTokens = promptTokens;
  }

  /** Its position among the servers that were offered, from 0. */
  public int index() {
    return index;
  }

  public String name() {
    return name;
  }

  /** 64 bits of the name, for hashing. */
  long nameDigest() {
    return nameDigest;
  }

  /** Requests that held a lease on it. */
  public int inflight() {
    return inflight;
  }

  /** Its share beside its siblings, from 1 to 256. */
  public int weight() {
    return weight;
  }

  /** The most requests it may hold at once; {@link BackendSpec#UNLIMITED} for no limit. */
  public int maxInflight() {
    return maxInflight;
  }

  /** What health said of it. */
  public Availability availability() {
    return availability;
  }

  /** Whether its circuit breaker let requests through. */
  public boolean permitted() {
    return permitted;
  }

  /** How much of its fair share it is to get now, above 0 and up to 1: slow start. */
  public double share() {
    return share;
  }

  /** What it has of background work. */
  public BackgroundView background() {
    return background;
  }

  /**
   * What counts as in flight beside such a request: beside an interactive one no background request
   * that is past its prompt, for that is hardly in its way.
   */
  public int inflightBeside(InferenceRequest request) {
    return request.background() ? inflight : inflight - background.settled();
  }

  /** The tokens of those that are {@link #inflightBeside} such a request. */
  public long tokensBeside(InferenceRequest request) {
    return request.background() ? tokens : Math.max(0, tokens - background.settledTokens());
  }

  /** Whether this request has been sent to it already. */
  public boolean tried() {
    return tried;
  }

  /** Tokens of the requests that it holds: their prompts, and their answers as expected. */
  public long tokens() {
    return tokens;
  }

  /** Requests that wait there for their first token. */
  public int queued() {
    return queued;
  }

  /** Prompt tokens that it is still to compute before this request's. */
  public long backlogTokens() {
    return backlogTokens;
  }

  /** Prompt tokens that it computes in a millisecond, above 0. */
  public double tokensPerMilli() {
    return tokensPerMilli;
  }

  /**
   * The moving average of its time to the first token for a token of the prompt, as {@link Load}
   * has it; 0 before the first.
   */
  public double ttftMillisPerToken() {
    return ttftMillisPerToken;
  }

  /**
   * How fast its cache is written over, beside the average of the offer: 1 for as fast, from 0 for
   * not at all.
   */
  public double pressure() {
    return pressure;
  }

  /** Tokens of this request's prompt that it is thought to have in its prefix cache. */
  public int cachedTokens() {
    return cachedTokens;
  }

  /** As it stands in the line of a {@link Snapshot}. */
  @Override
  public String toString() {
    return SnapshotText.write(this, new StringBuilder()).toString();
  }
}
