package dev.caravan.select;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Background;
import dev.caravan.request.InferenceRequest;
import dev.caravan.time.Ticker;

/** Reads what servers have of background work, and whether they have room for a request of it. */
record BackgroundGauge(Ticker ticker) implements Gauge {

  @Override
  public void read(InferenceRequest request, Backend[] backends, Snapshot rows) {
    for (int i = 0; i < backends.length; i++) {
      Background background = backends[i].background();
      if (background.inflight() > 0) {
        BackendView row = rows.view(i);
        row.background().read(background, row.inflight(), ticker.nanos());
      }
    }
    if (request.background()) {
      long now = ticker.nanos();
      for (int i = 0; i < backends.length; i++) {
        rows.view(i).background().room(backends[i].room(request.promptTokens(), now));
      }
    }
  }
}
