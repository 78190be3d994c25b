package dev.caravan.health;

/**
 * Is told what health found out, for meters and events. Every method has an empty default. Called
 * by whichever thread found out, once a transition; must not block and must not throw.
 */
public interface HealthListener {

  /** Nobody listens. */
  HealthListener NONE = new HealthListener() {};

  /** One probe of a server was judged. */
  default void probed(String server, boolean good) {}

  /** A server is out of the fleet until its probes succeed again. */
  default void ejected(String server, String reason) {}

  /** A server that was out is in again. */
  default void restored(String server, String reason) {}

  /** The breaker of a server changed its state. */
  default void breakerMoved(String server, Breaker.State from, Breaker.State to, String reason) {}
}
