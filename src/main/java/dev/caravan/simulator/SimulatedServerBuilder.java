package dev.caravan.simulator;

import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import io.vertx.core.Vertx;
import java.util.List;

/** Says what a {@link SimulatedServer} is like before it is made. For one thread. */
public final class SimulatedServerBuilder {
  final Vertx vertx;
  String name = "simulated";
  List<String> models = List.of(SimulatedServer.DEFAULT_MODEL);
  EngineParameters parameters = EngineParameters.H100;
  double speedup = 1;
  double stepFactor = 1;
  long seed = 1;
  String host = "127.0.0.1";
  int port;
  boolean prefill = true;
  int maxModelTokens = 131_072;
  int rememberedRequests = 1_000;
  Dialect metrics = Dialect.VLLM;
  Ticker ticker = Ticker.system();
  WallClock wallClock = WallClock.system();

  SimulatedServerBuilder(Vertx vertx) {
    this.vertx = vertx;
  }

  /** Its name, which its answers say; {@code simulated} by default. */
  public SimulatedServerBuilder name(String value) {
    name = value;
    return this;
  }

  /** The models it serves, at least one; the first labels its metrics. */
  public SimulatedServerBuilder models(String... values) {
    return models(List.of(values));
  }

  /** The models it serves, at least one; the first labels its metrics. */
  public SimulatedServerBuilder models(List<String> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("a server serves at least one model");
    }
    models = List.copyOf(values);
    return this;
  }

  /** Its engine; {@link EngineParameters#H100} by default. */
  public SimulatedServerBuilder parameters(EngineParameters value) {
    parameters = value;
    return this;
  }

  /** How much faster than real time its engine runs, above 0; 1 by default. */
  public SimulatedServerBuilder speedup(double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException("speedup must be above 0, was " + value);
    }
    speedup = value;
    return this;
  }

  /** How much longer than its parameters say a step takes, above 0; 1 by default. */
  public SimulatedServerBuilder stepFactor(double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException("stepFactor must be above 0, was " + value);
    }
    stepFactor = value;
    return this;
  }

  /** What its choices depend on: the text of answers, ids, faults with a probability. */
  public SimulatedServerBuilder seed(long value) {
    seed = value;
    return this;
  }

  /** The address it binds; {@code 127.0.0.1} by default. */
  public SimulatedServerBuilder host(String value) {
    host = value;
    return this;
  }

  /** The port it binds, 0 to 65535; 0, the default, takes a free one. */
  public SimulatedServerBuilder port(int value) {
    if (value < 0 || value > 65_535) {
      throw new IllegalArgumentException("port must be 0 to 65535, was " + value);
    }
    port = value;
    return this;
  }

  /** The most tokens, prompt and output, of a request, from 1; vLLM's {@code --max-model-len}. */
  public SimulatedServerBuilder maxModelTokens(int value) {
    if (value < 1) {
      throw new IllegalArgumentException("maxModelTokens must be from 1, was " + value);
    }
    maxModelTokens = value;
    return this;
  }

  /**
   * Whether it continues a message of its client's where {@code continue_final_message} says so, as
   * vLLM does; with false it answers 400. True by default.
   */
  public SimulatedServerBuilder prefill(boolean value) {
    prefill = value;
    return this;
  }

  /** How many requests {@link SimulatedServer#requests} remembers, from 0; 1,000 by default. */
  public SimulatedServerBuilder rememberedRequests(int value) {
    if (value < 0) {
      throw new IllegalArgumentException("rememberedRequests must be from 0, was " + value);
    }
    rememberedRequests = value;
    return this;
  }

  /** Whose names its meters bear; vLLM's by default. */
  public SimulatedServerBuilder metrics(Dialect value) {
    metrics = value;
    return this;
  }

  /** The clock that its engine runs by. */
  public SimulatedServerBuilder ticker(Ticker value) {
    ticker = value;
    return this;
  }

  /** The clock for {@code created} in its answers. */
  public SimulatedServerBuilder wallClock(WallClock value) {
    wallClock = value;
    return this;
  }

  /** Makes the server; it does not listen yet. */
  public SimulatedServer build() {
    return new SimulatedServer(this);
  }
}
