package dev.caravan.select.score;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Scorer;

/**
 * The load is what a server has in flight over its weight; the score falls with it, from 1 for an
 * idle one towards 0.
 */
public record LeastInflight() implements Scorer {

  /*
   * With load = n / w, the score 1 / (1 + load) is w / (w + n).
   *
   * Written with one division it is exact where it matters. IEEE 754 rounds the true quotient, so
   * equal loads give equal scores bit for bit: 2 of weight 2 is 2/4, 1 of weight 1 is 1/2. And
   * unequal loads never meet: two such fractions differ by at least 1/(w2 * d1) of the larger one,
   * which with w <= 2^8 and d < 2^32 is 2^-40, and a double resolves 2^-53.
   */

  @Override
  public String name() {
    return "least-inflight";
  }

  @Override
  public String unit() {
    return "requests";
  }

  @Override
  public double measure(InferenceRequest request, BackendView view) {
    return (double) view.inflightBeside(request) / view.weight();
  }

  @Override
  public double score(InferenceRequest request, BackendView view) {
    double weight = view.weight();
    return weight / (weight + view.inflightBeside(request));
  }
}
