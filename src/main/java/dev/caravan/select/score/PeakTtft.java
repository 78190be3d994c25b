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
  /** What is below was never measured, or so long ago that it has faded. */
  private static final double LEAST = 1e-3;

  /**
   * What an unknown server is taken to need while it holds a request: what {@link Load} takes it to
   * need for a token of the prompt. So it gets one request at once and is measured; without that it
   * would get a burst before it has answered the first. Finagle adds a penalty to the same end.
   */
  private static final double UNKNOWN = 0.1;

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
        view.tokensBeside(request)
            + request.promptTokens()
            + (1.0 + view.inflightBeside(request)) * Load.FIXED_TOKENS;
    double known = view.ttftMillisPerToken();
    double millis = known >= LEAST ? known : view.inflight() == 0 ? LEAST : UNKNOWN;
    return millis * tokens / view.weight();
  }

  @Override
  public double score(InferenceRequest request, BackendView view) {
    return 1 / (1 + measure(request, view));
  }
}
