package dev.caravan.select.filter;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Filter;

/** Passes over servers that health has taken out; the reason is health's own. */
public record Available() implements Filter {

  @Override
  public String name() {
    return "available";
  }

  @Override
  public boolean admits(InferenceRequest request, BackendView view) {
    return view.availability().eligible();
  }

  @Override
  public String reason(InferenceRequest request, BackendView view) {
    return view.availability().reason();
  }
}
