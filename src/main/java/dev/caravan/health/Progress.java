package dev.caravan.health;

import dev.caravan.fleet.Backend;

/**
 * Whether tokens move at a server: in the answers that the gateway relays, and in the engine's own
 * counter. Guarded by whoever owns it.
 */
final class Progress {
  private final Backend backend;
  private long relayed;
  private long counted = -1;
  private boolean relayedSinceProbe;
  private boolean movedSinceProbe;
  private int quietLooks;

  Progress(Backend backend) {
    this.backend = backend;
    this.relayed = backend.progress();
  }

  /** Whether a token was relayed since the last look. */
  boolean look() {
    long now = backend.progress();
    if (now == relayed) {
      return false;
    }
    relayed = now;
    relayedSinceProbe = true;
    moved();
    return true;
  }

  /**
   * Takes what the engine counts.
   *
   * @return whether a token was made or relayed since the last look
   */
  boolean look(EngineReading reading) {
    long now = reading.generatedTokens();
    boolean made = now >= 0 && counted >= 0 && now != counted;
    counted = now;
    if (made) {
      moved();
    }
    boolean moved = look() || made;
    boolean working = backend.inflight() > 0 || reading.running() > 0;
    // Without a counter, a long answer that is not streamed looks like a standstill.
    quietLooks = moved || !working || now < 0 ? 0 : quietLooks + 1;
    return moved;
  }

  private void moved() {
    movedSinceProbe = true;
    quietLooks = 0;
  }

  /** Looks at the engine in a row at which requests ran there and nothing had moved. */
  int quietLooks() {
    return quietLooks;
  }

  /**
   * A probe is about to begin.
   *
   * @return whether a token was relayed since the last one began: the engine's counter would count
   *     that one's own
   */
  boolean probeBegins() {
    look();
    boolean relayedMeanwhile = relayedSinceProbe;
    relayedSinceProbe = false;
    movedSinceProbe = false;
    return relayedMeanwhile;
  }

  /** Whether a token moved since the probe began that ends now. */
  boolean movedDuringProbe() {
    look();
    return movedSinceProbe;
  }
}
