package dev.caravan.select;

import dev.caravan.time.Chance;
import dev.caravan.time.Ticker;

/**
 * What balancers are made with.
 *
 * @param chance where random choices come from
 * @param ticker the clock of the leases
 * @param prefixes which server has which prompts, shared by all balancers
 */
public record Means(Chance chance, Ticker ticker, PrefixIndex prefixes) {

  /** Means of its own for one balancer: the machine's clock, and nothing known of any prompt. */
  public static Means of(Chance chance) {
    return new Means(chance, Ticker.system(), new PrefixIndex(PrefixIndex.SMALL));
  }
}
