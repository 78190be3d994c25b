package dev.caravan.replay;

import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.fleet.PoolPolicy.Affinity.Stickiness;
import dev.caravan.select.Balancers;
import dev.caravan.simulator.EngineParameters;
import dev.caravan.simulator.StepTime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * A command line of {@link ReplayMain}, read.
 *
 * @param pacing how much faster than in the trace requests come; the first guess of a search
 * @param rate requests a second instead; 0 where the pacing says it
 * @param capacity whether to search for the capacity
 */
record ReplayOptions(
    Setup setup,
    Scenario scenario,
    List<String> balancers,
    double pacing,
    double rate,
    boolean capacity,
    Trace trace) {
  static final String HELP =
      """
      Replays a trace of requests in virtual time: the gateway's own choice of a server, against
      simulated model servers.

        java -cp ... dev.caravan.replay.ReplayMain --trace FILE [options]

        --trace FILE       JSON lines of timestamp, input_length, output_length and hash_ids; or a
                           .csv of TIMESTAMP, ContextTokens, GeneratedTokens; or zipf, which is made up
        --balancers NAMES  which, with commas between                     (all)
        --scenario NAME    steady, cold-start, slow-server, lost-server, deploy, shrink, expand or
                           storm-429                                      (steady)
        --servers N        model servers, from 1                          (8)
        --card CARD        h100 or a100                                   (h100)
        --kv-blocks N      KV blocks of 16 tokens of each, from 1         (28400)
        --gateways N       gateways that do not know of each other        (1)
        --affinity MODE    off, soft or strict                            (off)
        --pace X           how much faster than in the trace they come    (1)
        --rate X           so many requests a second instead
        --capacity         searches for the highest rate at which 90 % of the requests are in time
        --limit-ms X       time to the first token that is in time        (2000)
        --no-cached        servers do not report cached tokens
        --no-cache-size    the gateway does not know how large caches are
        --seed N           what chance depends on                         (1)
        --help             this text
      """;

  /** How much faster than in the trace requests come. */
  double pace() {
    return rate > 0 ? rate / trace.rate() : pacing;
  }

  /**
   * Reads a command line, and the trace that it names.
   *
   * @throws IllegalArgumentException with a message for the user if an option is wrong
   * @throws IOException where the trace cannot be read
   */
  static ReplayOptions of(String... args) throws IOException {
    Deque<String> rest = new ArrayDeque<>(List.of(args));
    String file = "";
    Setup setup = Setup.DEFAULT;
    EngineParameters engine = setup.engine();
    Scenario scenario = Scenario.STEADY;
    List<String> balancers = Balancers.names();
    double pace = 1;
    double rate = 0;
    boolean capacity = false;
    while (!rest.isEmpty()) {
      String option = rest.remove();
      switch (option) {
        case "--capacity" -> capacity = true;
        case "--no-cached" -> setup = setup.withSaid(false, setup.cacheKnown());
        case "--no-cache-size" -> setup = setup.withSaid(setup.cachedReports(), false);
        default -> {
          if (rest.isEmpty()) {
            throw new IllegalArgumentException(option + " is unknown or has no value");
          }
          String value = rest.remove();
          try {
            switch (option) {
              case "--trace" -> file = value;
              case "--balancers" -> balancers = List.of(value.split(",", -1));
              case "--scenario" -> scenario = Scenario.labelled(value);
              case "--servers" -> setup = setup.withServers(Integer.parseInt(value));
              case "--card" -> engine = engine.withStepTime(card(value));
              case "--kv-blocks" -> engine = engine.withKv(Integer.parseInt(value), 16);
              case "--gateways" -> setup = setup.withGateways(Integer.parseInt(value));
              case "--affinity" -> setup = setup.withAffinity(affinity(value));
              case "--pace" -> pace = above0(option, value);
              case "--rate" -> rate = above0(option, value);
              case "--limit-ms" -> setup = setup.withTtftLimit(above0(option, value));
              case "--seed" -> setup = setup.withSeed(Long.parseLong(value));
              default -> throw new IllegalArgumentException("unknown option " + option);
            }
          } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " wants a number, not " + value, e);
          }
        }
      }
    }
    if (file.isEmpty()) {
      throw new IllegalArgumentException("--trace is missing");
    }
    balancers.forEach(ReplayOptions::check);
    setup = setup.withEngine(engine);
    Trace trace =
        file.equals(SyntheticTrace.NAME)
            ? SyntheticTrace.zipf(setup.seed())
            : TraceReader.read(Path.of(file));
    return new ReplayOptions(setup, scenario, balancers, pace, rate, capacity, trace);
  }

  private static void check(String balancer) {
    if (!Balancers.names().contains(balancer)) {
      throw new IllegalArgumentException(
          "--balancers has " + balancer + "; there are " + String.join(", ", Balancers.names()));
    }
  }

  private static double above0(String option, String value) {
    double number = Double.parseDouble(value);
    if (!(number > 0) || Double.isInfinite(number)) {
      throw new IllegalArgumentException(option + " must be above 0, was " + value);
    }
    return number;
  }

  private static Affinity affinity(String mode) {
    int bound = Affinity.OFF.boundPercent();
    return switch (mode) {
      case "off" -> Affinity.OFF;
      case "soft" -> new Affinity(Stickiness.SOFT, bound);
      case "strict" -> new Affinity(Stickiness.STRICT, bound);
      default ->
          throw new IllegalArgumentException("--affinity is off, soft or strict, not " + mode);
    };
  }

  private static StepTime card(String name) {
    return switch (name) {
      case "h100" -> StepTime.H100;
      case "a100" -> StepTime.A100;
      default -> throw new IllegalArgumentException("--card is h100 or a100, not " + name);
    };
  }
}
