package dev.caravan.select.score;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Scorer;

/**
 * The load is the tokens of the requests that a server holds, prompts and expected answers, over
 * its weight; the score falls with it, from 1 for an idle one towards 0.
 */
public record LeastTokens() implements Scorer {

  @Override
  public String name() {
    return "least-tokens";
  }

  @Override
  public String unit() {
    return "tokens";
  }

  @Override
  public double measure(InferenceRequest request, BackendView view) {
    return (double) view.tokensBeside(request) / view.weight();
  }

  // One division, so that equal loads tie exactly; see LeastInflight.
  @Override
  public double score(InferenceRequest request, BackendView view) {
    double weight = view.weight();
    return weight / (weight + view.tokensBeside(request));
  }
}
