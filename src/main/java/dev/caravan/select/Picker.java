package dev.caravan.select;

import dev.caravan.request.InferenceRequest;

/**
 * Chooses one of the eligible servers. May remember earlier picks; safe for any thread, without
 * locks: event loops call it.
 *
 * <p>What it remembers of a server is kept under the server's position in the offer, so one picker
 * serves one {@code loadBalance} step, whose servers and their order are fixed.
 */
public interface Picker {

  /**
   * The one that gets the request. Every call counts as a pick.
   *
   * @param candidates one or more; lent for the call, not to be kept
   * @return a position in {@code candidates}, from 0 to below its size
   */
  int pick(InferenceRequest request, Candidates candidates);
}
