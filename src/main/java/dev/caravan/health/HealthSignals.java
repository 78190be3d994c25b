package dev.caravan.health;

import dev.caravan.fleet.Backend;

/**
 * What the rest of the gateway tells health about servers. Signals of one server count in the order
 * in which they are reported; what follows from them is decided behind this door. Safe for any
 * thread; never blocks.
 */
public interface HealthSignals {

  /** The cheap endpoint of a server answered well. */
  void reachable(String server);

  /**
   * The cheap endpoint of a server did not answer well.
   *
   * @param refused whether nobody listens there: certain, where a timeout is not
   * @param reason short, for people
   */
  void unreachable(String server, boolean refused, String reason);

  /** The counters of a server's engine were read. */
  void engine(String server, EngineReading reading);

  /** A prompt probe of a server has ended. */
  void probed(String server, ProbeVerdict verdict);

  /**
   * Whether a prompt probe that is due would tell anything: not while live traffic proves that the
   * server works, nor while nobody wants to know.
   */
  boolean probeTells(String server);

  /** How to have a prompt probe of that server begin at once, out of turn. */
  void prober(String server, Prober now);

  /** Nobody probes that server with prompts any more. */
  void notProbed(String server);

  /** How to have the cheap endpoint of that server asked at once, out of turn. */
  void pulse(String server, Runnable now);

  /** Nobody asks the cheap endpoint of that server any more. */
  void notPulsed(String server);

  /**
   * A server's own failures take it out for a while. Whoever says so has seen to it that enough
   * others are left.
   */
  void eject(Backend backend, long millis, String reason);

  /** A server asks to be left alone for a while. */
  void throttle(Backend backend, long millis, String reason);

  /** A server does not take the gateway's credentials. */
  void misconfigured(Backend backend, String reason);

  /** Nobody listens where a request was to be sent. */
  void refused(Backend backend, String reason);
}
