package dev.caravan.replay;

import dev.caravan.simulator.EngineParameters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** The sample of a trace that the tests replay, and a small fleet for it. */
final class Sample {
  /** The first 400 requests of Mooncake's synthetic trace: 110 s of it. */
  static final Workload MOONCAKE = mooncake();

  /**
   * Four servers with a quarter of an 80 GB card's cache each: in 110 s a larger one would not have
   * to forget anything.
   */
  static final Setup FLEET =
      Setup.DEFAULT.withServers(4).withEngine(EngineParameters.H100.withKv(12_800, 16));

  private Sample() {}

  private static Workload mooncake() {
    try {
      return Workload.of(
          TraceReader.read(Path.of("src/test/resources/traces/mooncake-400.jsonl")), 16);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Figures run(String balancer, Scenario scenario, double pace) {
    return new Replay(MOONCAKE, FLEET, balancer, scenario, pace).run();
  }
}
