package dev.caravan.select.filter;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Filter;

/** Passes over servers that have had this very request already. */
public record Untried() implements Filter {

  @Override
  public String name() {
    return "untried";
  }

  @Override
  public boolean admits(InferenceRequest request, BackendView view) {
    return !view.tried();
  }

  @Override
  public String reason(InferenceRequest request, BackendView view) {
    return "tried already for this request";
  }
}
