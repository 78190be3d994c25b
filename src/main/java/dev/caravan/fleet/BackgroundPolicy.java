package dev.caravan.fleet;

/**
 * What servers keep for interactive requests. Immutable.
 *
 * @param reserve the share of a server's slots that background requests never take, from 0 to 0.9
 * @param slots how many slots a server is taken to have that has no limit of its own, from 1
 * @param paced whether background prompts also wait for quiet moments while there is interactive
 *     traffic
 */
public record BackgroundPolicy(double reserve, int slots, boolean paced) {

  /** The most that can be kept: below that, background work might as well not be there. */
  public static final double MOST_RESERVE = 0.9;

  /**
   * A quarter, and 64: what a server of a mid-sized model on one card does well. Chosen without
   * experiment.
   */
  public static final BackgroundPolicy DEFAULT = new BackgroundPolicy(0.25, 64);

  public BackgroundPolicy {
    if (!(reserve >= 0 && reserve <= MOST_RESERVE)) {
      throw new IllegalArgumentException("reserve must be from 0 to 0.9, was " + reserve);
    }
    if (slots < 1) {
      throw new IllegalArgumentException("slots must be from 1, was " + slots);
    }
  }

  /** One that is paced. */
  public BackgroundPolicy(double reserve, int slots) {
    this(reserve, slots, true);
  }

  /**
   * Below how many requests in flight a background request may enter: the reserve is rounded up. Of
   * two slots and more, one at least is there for background; the only slot there is only where
   * nobody interactive is about.
   *
   * @param maxInflight the server's own limit, or {@link BackendSpec#UNLIMITED}
   * @param live whether there is interactive traffic
   */
  int most(int maxInflight, boolean live) {
    int all = maxInflight == BackendSpec.UNLIMITED ? slots : maxInflight;
    if (all == 1) {
      return live && reserve > 0 ? 0 : 1;
    }
    // A hair more, so that a tenth of 0.9 of 10 is one and not a little less.
    return Math.max(1, (int) Math.floor(all * (1 - reserve) + 1e-9));
  }
}
