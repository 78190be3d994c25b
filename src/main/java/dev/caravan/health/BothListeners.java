package dev.caravan.health;

import dev.caravan.fleet.ServerState;

/** Tells two listeners. */
record BothListeners(HealthListener one, HealthListener other) implements HealthListener {

  @Override
  public void checked(String server, CheckResult result) {
    one.checked(server, result);
    other.checked(server, result);
  }

  @Override
  public void engine(String server, EngineReading reading) {
    one.engine(server, reading);
    other.engine(server, reading);
  }

  @Override
  public void probed(String server, ProbeResult result) {
    one.probed(server, result);
    other.probed(server, result);
  }

  @Override
  public void moved(String server, ServerState from, ServerState to, String reason) {
    one.moved(server, from, to, reason);
    other.moved(server, from, to, reason);
  }

  @Override
  public void drained(String server) {
    one.drained(server);
    other.drained(server);
  }

  @Override
  public void breakerMoved(String server, Breaker.State from, Breaker.State to, String reason) {
    one.breakerMoved(server, from, to, reason);
    other.breakerMoved(server, from, to, reason);
  }
}
