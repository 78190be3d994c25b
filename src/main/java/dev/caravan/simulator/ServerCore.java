package dev.caravan.simulator;

import dev.caravan.time.Chance;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import java.util.List;

/**
 * What all exchanges of one simulated server share. Everything that changes is either of the
 * server's event loop or safe for any thread.
 */
final class ServerCore {
  final String name;
  final List<String> models;
  final long seed;
  final int maxModelTokens;
  final boolean prefill;
  final EngineParameters parameters;
  final Ticker ticker;
  final WallClock wallClock;
  final EngineLoop engine;
  final ServerMetrics metrics;
  final Dialect dialect;
  final RequestLog log;
  final FaultSwitch faults;
  final Chance ids;

  /** Requests that a fault holds; of the event loop. */
  int stuck;

  ServerCore(
      SimulatedServerBuilder made, EngineLoop engine, ServerMetrics metrics, RequestLog log) {
    this.name = made.name;
    this.models = List.copyOf(made.models);
    this.seed = made.seed;
    this.prefill = made.prefill;
    this.parameters = made.parameters;
    this.maxModelTokens = (int) Math.min(made.maxModelTokens, made.parameters.capacityTokens());
    this.ticker = made.ticker;
    this.wallClock = made.wallClock;
    this.engine = engine;
    this.metrics = metrics;
    this.dialect = made.metrics;
    this.log = log;
    this.faults = new FaultSwitch(Chance.seeded(made.seed ^ 0x5DEECE66DL));
    this.ids = Chance.seeded(made.seed);
  }

  long createdSeconds() {
    return wallClock.epochMillis() / 1_000;
  }
}
