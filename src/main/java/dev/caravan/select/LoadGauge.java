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
    double millisPerToken = 0;
    for (Backend server : backends) {
      Load load = server.load();
      double confidence = load.confidence(now);
      known += confidence;
      millisPerToken += confidence / load.tokensPerMilli();
    }
    double usual = known > 0 ? millisPerToken / known : 1 / Load.PRIOR_TOKENS_PER_MILLI;
    for (int i = 0; i < backends.length; i++) {
      Load load = backends[i].load();
      double confidence = load.confidence(now);
      double its = confidence / load.tokensPerMilli() + (1 - confidence) * usual;
      rows.view(i).read(load, 1 / its, now);
    }
  }
}
