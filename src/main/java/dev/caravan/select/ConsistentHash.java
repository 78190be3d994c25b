package dev.caravan.select;

import dev.caravan.request.InferenceRequest;

/**
 * The same key goes to the same server, as long as that is within its bound: the conversation,
 * where there is one, otherwise the whole prompt. Remembers nothing.
 *
 * <p>A server's share of the keys is that of its weight and its share of the traffic: in slow start
 * its keys come back to it one by one, and none of the others' moves.
 */
final class ConsistentHash implements Picker {

  /** As {@link dev.caravan.fleet.PoolPolicy.Affinity} has it. */
  static final int BOUND_PERCENT = 125;

  @Override
  public int pick(InferenceRequest request, Candidates candidates) {
    candidates.because(Rule.ORDER, -1);
    return Home.firstWithin(key(request), candidates, BOUND_PERCENT, true);
  }

  @Override
  public int peek(InferenceRequest request, Candidates candidates) {
    return pick(request, candidates);
  }

  /** What a request goes by. */
  static long key(InferenceRequest request) {
    return request.conversation().known()
        ? request.conversation().digest()
        : request.promptDigest() ^ request.tenant();
  }
}
