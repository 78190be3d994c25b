package dev.caravan.select.filter;

import dev.caravan.fleet.Availability.Use;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Filter;

/**
 * Passes over servers that health has taken out; the reason is health's own. In panic it lets those
 * in of which health is not certain.
 */
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
  public boolean admitsInPanic(InferenceRequest request, BackendView view) {
    return view.availability().use() != Use.NONE;
  }

  @Override
  public String reason(InferenceRequest request, BackendView view) {
    return view.availability().reason();
  }
}
