package dev.caravan.select;

import dev.caravan.fleet.Backend;
import dev.caravan.request.InferenceRequest;
import dev.caravan.time.Ticker;

/** Reads the work that servers have before them. */
record LoadGauge(Ticker ticker) implements Gauge {

  @Override
  public void read(InferenceRequest request, Backend[] backends, Snapshot rows) {
    long now = ticker.nanos();
    for (int i = 0; i < backends.length; i++) {
      rows.view(i).read(backends[i].load(), now);
    }
  }
}
