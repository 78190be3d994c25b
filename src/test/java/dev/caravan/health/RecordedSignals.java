package dev.caravan.health;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.ServerState;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Writes down what requests found out of servers, and takes out those that are ejected. */
final class RecordedSignals implements HealthSignals {
  final List<Long> times = new CopyOnWriteArrayList<>();
  final List<String> told = new CopyOnWriteArrayList<>();

  @Override
  public void eject(Backend backend, long millis, String reason) {
    times.add(millis);
    told.add("eject " + backend + ": " + reason);
    backend.availability(
        new Availability(ServerState.DOWN, Use.LAST_RESORT, reason, Availability.UNTIL_NEWS));
  }

  @Override
  public void throttle(Backend backend, long millis, String reason) {
    times.add(millis);
    told.add("throttle " + backend + ": " + reason);
  }

  @Override
  public void misconfigured(Backend backend, String reason) {
    told.add("misconfigured " + backend + ": " + reason);
  }

  @Override
  public void refused(Backend backend, String reason) {
    told.add("refused " + backend + ": " + reason);
  }

  private static IllegalStateException unexpected() {
    return new IllegalStateException("requests tell nothing of this");
  }

  @Override
  public void reachable(String server) {
    throw unexpected();
  }

  @Override
  public void unreachable(String server, boolean refused, String reason) {
    throw unexpected();
  }

  @Override
  public void engine(String server, EngineReading reading) {
    throw unexpected();
  }

  @Override
  public void probed(String server, ProbeVerdict verdict) {
    throw unexpected();
  }

  @Override
  public boolean probeTells(String server) {
    throw unexpected();
  }

  @Override
  public void prober(String server, Prober now) {
    throw unexpected();
  }

  @Override
  public void notProbed(String server) {
    throw unexpected();
  }

  @Override
  public void pulse(String server, Runnable now) {
    throw unexpected();
  }

  @Override
  public void notPulsed(String server) {
    throw unexpected();
  }
}
