package dev.caravan.select;

import dev.caravan.request.InferenceRequest;

/**
 * Chooses one of the eligible servers. May remember earlier picks; safe for any thread, without
 * locks: event loops call it. It tells the candidates {@linkplain Candidates#because how} each
 * choice came about.
 *
 * <p>What it remembers of a server is kept under the server's position in the offer, so one picker
 * serves one {@code loadBalance} step, whose servers and their order are fixed.
 */
public interface Picker {

  /** What {@link #peek} says where chance would decide. */
  int BY_LOT = -1;

  /** How a choice came about. */
  enum Rule {
    /** It has waited longest. */
    TURN,
    /** It has the most of what weights earn. */
    WEIGHT,
    /** Its share still grows, and it is due a request. */
    DUE,
    /** It has the highest score. */
    BEST,
    /** It was drawn among several with the highest score; so many. */
    LOT,
    /** It has the higher score of two that were drawn; the position of the other, or -1. */
    TWO,
    /** It comes first in the order of a key. */
    ORDER
  }

  /**
   * The one that gets the request. Every call counts as a pick.
   *
   * @param candidates one or more; lent for the call, not to be kept
   * @return a position in {@code candidates}, from 0 to below its size
   */
  int pick(InferenceRequest request, Candidates candidates);

  /**
   * The one that {@link #pick} would choose now. Does not count as a pick, and draws nothing from
   * chance: it changes no later pick.
   *
   * @param candidates as for a pick
   * @return a position in {@code candidates}; {@link #BY_LOT} where chance would decide
   */
  int peek(InferenceRequest request, Candidates candidates);
}
