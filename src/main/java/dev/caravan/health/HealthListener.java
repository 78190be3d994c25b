package dev.caravan.health;

import dev.caravan.fleet.ServerState;

/**
 * Is told what health found out, for meters and events. Every method has an empty default. Called
 * by whichever thread found out, once each time; must not block and must not throw.
 */
public interface HealthListener {

  /** Nobody listens. */
  HealthListener NONE = new HealthListener() {};

  /** Both are told, this one first. */
  default HealthListener and(HealthListener other) {
    return new BothListeners(this, other);
  }

  /** The cheap endpoint of a server was asked. */
  default void checked(String server, CheckResult result) {}

  /** The counters of a server's engine were asked for. */
  default void engine(String server, EngineReading reading) {}

  /** A prompt probe of a server has ended, or was due and not made. */
  default void probed(String server, ProbeResult result) {}

  /** What is believed of a server is another. */
  default void moved(String server, ServerState from, ServerState to, String reason) {}

  /** A server that was to be emptied is empty. */
  default void drained(String server) {}

  /** The breaker of a server changed its state. */
  default void breakerMoved(String server, Breaker.State from, Breaker.State to, String reason) {}
}
