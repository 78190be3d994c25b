package dev.caravan.select.filter;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Filter;

/** Passes over servers that hold as many requests as they may. */
public record Capacity() implements Filter {

  /** Its name. */
  public static final String NAME = "capacity";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean admits(InferenceRequest request, BackendView view) {
    return view.inflight() < view.maxInflight();
  }

  @Override
  public String reason(InferenceRequest request, BackendView view) {
    return view.inflight() + " in flight of at most " + view.maxInflight();
  }
}
