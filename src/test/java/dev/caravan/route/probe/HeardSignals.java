package dev.caravan.route.probe;

import dev.caravan.fleet.Backend;
import dev.caravan.health.EngineReading;
import dev.caravan.health.HealthSignals;
import dev.caravan.health.ProbeVerdict;
import dev.caravan.health.Prober;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers what health was told. */
class HeardSignals implements HealthSignals {
  final List<String> heard = new CopyOnWriteArrayList<>();
  final List<EngineReading> readings = new CopyOnWriteArrayList<>();
  final List<ProbeVerdict> verdicts = new CopyOnWriteArrayList<>();
  final Map<String, Runnable> pulses = new ConcurrentHashMap<>();
  final Map<String, Runnable> probers = new ConcurrentHashMap<>();
  volatile boolean tells = true;

  @Override
  public void reachable(String server) {
    heard.add(server + " reachable");
  }

  @Override
  public void unreachable(String server, boolean refused, String reason) {
    heard.add(server + (refused ? " refused " : " unreachable ") + reason);
  }

  @Override
  public void engine(String server, EngineReading reading) {
    readings.add(reading);
  }

  @Override
  public void probed(String server, ProbeVerdict verdict) {
    verdicts.add(verdict);
  }

  @Override
  public boolean probeTells(String server) {
    return tells;
  }

  @Override
  public void prober(String server, Prober now) {
    probers.put(server, now);
  }

  @Override
  public void notProbed(String server) {
    probers.remove(server);
  }

  @Override
  public void pulse(String server, Runnable now) {
    pulses.put(server, now);
  }

  @Override
  public void notPulsed(String server) {
    pulses.remove(server);
  }

  @Override
  public void eject(Backend backend, long millis, String reason) {}

  @Override
  public void throttle(Backend backend, long millis, String reason) {}

  @Override
  public void misconfigured(Backend backend, String reason) {}

  @Override
  public void refused(Backend backend, String reason) {}
}
