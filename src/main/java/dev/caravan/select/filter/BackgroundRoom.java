package dev.caravan.select.filter;

import dev.caravan.fleet.Room;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Filter;

/** Passes over servers that have no room for a background request; others it lets through. */
public record BackgroundRoom() implements Filter {

  /** Its name. */
  public static final String NAME = "background";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean admits(InferenceRequest request, BackendView view) {
    return !request.background() || view.background().room() == Room.FREE;
  }

  @Override
  public String reason(InferenceRequest request, BackendView view) {
    return view.inflight()
        + " in flight, and background work waits: "
        + view.background().room().reason();
  }
}
