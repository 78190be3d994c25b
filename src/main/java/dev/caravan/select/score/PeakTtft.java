package dev.caravan.select.score;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Scorer;

/**
 * The load is the moving average of a server's time to the first token, worst ones first, for every
 * request that it would hold, over its weight. Source: Finagle's balancer "peak EWMA".
 */
public record PeakTtft() implements Scorer {

  @Override
  public String name() {
    return "peak-ttft";
  }

  @Override
  public String unit() {
    return "ms";
  }

  @Override
  public double measure(InferenceRequest request, BackendView view) {
    // At least a millisecond, so that servers of which nothing is known yet share by their
    // requests.
    return Math.max(1, view.ttftMillis()) * (view.inflight() + 1.0) / view.weight();
  }

  @Override
  public double score(InferenceRequest request, BackendView view) {
    return 1 / (1 + measure(request, view));
  }
}
