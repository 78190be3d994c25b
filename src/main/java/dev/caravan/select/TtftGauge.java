package dev.caravan.select;

import dev.caravan.fleet.Backend;
import dev.caravan.request.InferenceRequest;
import dev.caravan.time.Ticker;

/** Reads how long servers' first tokens take of late. */
record TtftGauge(Ticker ticker) implements Gauge {

  @Override
  public void read(InferenceRequest request, Backend[] backends, Snapshot rows) {
    long now = ticker.nanos();
    for (int i = 0; i < backends.length; i++) {
      rows.view(i).readTtft(backends[i].load(), now);
    }
  }
}
