package dev.caravan.select.score;

import dev.caravan.fleet.Load;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Scorer;

/**
 * The cost is the time to the first token as it was of late, worst ones first, for a token of the
 * prompt, times the tokens that the server would hold, over its weight. Source: Finagle's balancer
 * "peak EWMA", which counts requests.
 */
public record PeakTtft() implements Scorer {
  private static final double LEAST = 1e-3;

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
    double tokens =
        view.tokens() + request.promptTokens() + (1.0 + view.inflight()) * Load.FIXED_TOKENS;
    // Where nothing is known yet, servers share by what they hold.
    return Math.max(LEAST, view.ttftMillisPerToken()) * tokens / view.weight();
  }

  @Override
  public double score(InferenceRequest request, BackendView view) {
    return 1 / (1 + measure(request, view));
  }
}
