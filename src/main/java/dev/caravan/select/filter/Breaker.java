package dev.caravan.select.filter;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Filter;

/** Passes over servers whose circuit breaker would refuse the request anyway. */
public record Breaker() implements Filter {

  @Override
  public String name() {
    return "breaker";
  }

  @Override
  public boolean admits(InferenceRequest request, BackendView view) {
    return view.permitted();
  }

  @Override
  public String reason(InferenceRequest request, BackendView view) {
    return "circuit breaker lets nothing through";
  }
}
