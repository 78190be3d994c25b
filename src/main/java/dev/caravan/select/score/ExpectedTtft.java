package dev.caravan.select.score;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Scorer;

/**
 * The cost is a time: until a server has computed what it has before this request, and then the
 * part of this request's prompt that it has not cached, counted for everybody whom that delays.
 */
public record ExpectedTtft() implements Scorer {

  /*
   * Affinity and load trade in milliseconds
   * ---------------------------------------
   *   cost = backlog / speed + (1 + crowd) * uncached / speed
   *
   * The first term and one part of the second are the time to this request's own first token. But a
   * prefill also delays everyone who comes behind it, and a policy that minimizes each request's own
   * wait computes the same prefixes on every server. By Little's law a request leaves as many behind
   * itself as it found waiting, on average; so many others pay for the uncached part as well. Where
   * nobody waits, only the own time counts; the busier the pool, the dearer is work that a cache
   * would save. There is nothing to be tuned.
   */

  @Override
  public String name() {
    return "expected-ttft";
  }

  @Override
  public String unit() {
    return "ms";
  }

  @Override
  public double measure(InferenceRequest request, BackendView view) {
    double uncached = Math.max(0, request.promptTokens() - view.cachedTokens());
    return (view.backlogTokens() + (1 + view.crowd()) * uncached) / view.tokensPerMilli();
  }

  @Override
  public double score(InferenceRequest request, BackendView view) {
    return 1 / (1 + measure(request, view));
  }
}
