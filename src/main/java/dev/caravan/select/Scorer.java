package dev.caravan.select;

import dev.caravan.request.InferenceRequest;

/**
 * Says how well a server suits a request. Pure: equal arguments give exactly equal scores, so that
 * servers that are equally good tie. Safe for any thread; runs on the event loop, so it neither
 * blocks nor allocates.
 */
public interface Scorer {

  /** A short name for logs: lower case, words joined by {@code -}. */
  String name();

  /** The unit of {@link #measure}, for people. */
  String unit();

  /** What the score is made of: the server's load or cost, from 0; less is better. */
  double measure(InferenceRequest request, BackendView view);

  /** From 0, the worst, to 1, the best; never NaN. */
  double score(InferenceRequest request, BackendView view);
}
