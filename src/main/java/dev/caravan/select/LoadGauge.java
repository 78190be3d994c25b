package dev.caravan.select;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Load;
import dev.caravan.request.InferenceRequest;
import dev.caravan.time.Ticker;

/** Reads the work that servers have before them. */
record LoadGauge(Ticker ticker) implements Gauge {

  /*
   * How fast a server is, as far as it was measured; for the rest it is taken to be like the others
   * of the offer. The mean is that of the time for a token, so that a server of no work yet costs what
   * others do.
   */

  @Override
  public void read(InferenceRequest request, Backend[] backends, Snapshot rows) {
    long now = ticker.nanos();
    double known = 0;
    double millis = 0;
    for (int i = 0; i < backends.length; i++) {
      BackendView row = rows.view(i);
      double confidence = row.read(backends[i].load(), now);
      known += confidence;
      millis += confidence * row.millisPerToken();
    }
    double usual = known > 0 ? millis / known : 1 / Load.PRIOR_TOKENS_PER_MILLI;
    for (int i = 0; i < backends.length; i++) {
      rows.view(i).blend(backends[i].load(), usual, now);
    }
  }
}
