package dev.caravan.replay;

import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.fleet.PoolPolicy.Affinity.Stickiness;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Everything that docs/simulation.md shows: capacities under each condition, figures at one rate in
 * each scenario, and how the time to the first token grows with the rate. Runs are spread over
 * threads; each is made on one, so what comes out does not depend on how many there are.
 */
public final class Study {
  /** All but {@code weighted}, which is round robin where weights are equal. */
  static final List<String> BALANCERS =
      List.of(
          "round-robin",
          "least-inflight",
          "power-of-two",
          "peak-ewma",
          "consistent-hash",
          "least-tokens",
          "prefix-affinity");

  /** At half the rate that round robin holds. */
  static final String HALF_LOAD = "half load";

  private static final int CURVE_POINTS = 8;

  private final Setup setup;
  private final Workload mooncake;
  private final Workload azure;
  private final Workload zipf;
  private final int threads;
  private final Consumer<String> progress;

  /** A workload, what befalls the servers that it is replayed on, and who is compared. */
  record Condition(
      String name,
      Workload workload,
      Ceiling ceiling,
      Setup setup,
      Scenario scenario,
      List<String> balancers) {}

  /** The capacity of one balancer under one condition, and a run at it. */
  record Reached(double pace, Figures figures) {}

  /** A scenario's figures at one rate. */
  record Shown(String title, List<Figures> figures) {}

  /**
   * A study.
   *
   * @param traces the folder with {@code mooncake-synthetic.jsonl} and {@code azure-2023-code.csv}
   * @param progress is told what is done
   * @throws IOException where a trace cannot be read
   */
  public Study(Path traces, int threads, Consumer<String> progress) throws IOException {
    this.setup = Setup.DEFAULT;
    int block = setup.engine().blockTokens();
    this.mooncake =
        Workload.of(TraceReader.read(traces.resolve("mooncake-synthetic.jsonl")), block);
    this.azure = Workload.of(TraceReader.read(traces.resolve("azure-2023-code.csv")), block);
    this.zipf = Workload.of(SyntheticTrace.zipf(setup.seed()), block);
    this.threads = threads;
    this.progress = progress;
  }

  /** Runs all of it. */
  public Findings run() throws InterruptedException {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      return run(pool);
    } finally {
      pool.shutdownNow();
    }
  }

  private Findings run(ExecutorService pool) throws InterruptedException {
    Map<Condition, List<Reached>> capacities = new LinkedHashMap<>();
    List<Reached> steady = List.of();
    for (Condition condition : conditions()) {
      List<Reached> reached = capacities(pool, condition, steady);
      steady = steady.isEmpty() ? reached : steady;
      capacities.put(condition, reached);
      progress.accept("capacity: " + condition.name());
    }
    List<Shown> scenarios = new ArrayList<>();
    Map<String, Double> paces = new LinkedHashMap<>();
    capacities.forEach(
        (condition, reached) ->
            paces.putIfAbsent(
                condition.workload().trace().name(), of("least-tokens", reached).pace()));
    double light = of("round-robin", steady).pace() / 2;
    for (Condition condition : scenarios()) {
      boolean half = condition.name().equals(HALF_LOAD);
      double own = paces.getOrDefault(condition.workload().trace().name(), 1.0);
      double pace = half ? light : own;
      scenarios.add(shown(pool, condition, pace));
      progress.accept("scenario: " + condition.name());
    }
    return new Findings(capacities, scenarios, curves(pool, steady));
  }

  /** Under which conditions capacities are searched for; the first is the plain one. */
  private List<Condition> conditions() {
    // Twice the limit: few requests are late by their length alone then.
    Setup patient = setup.withTtftLimit(2 * setup.ttftLimitMillis());
    return List.of(
        condition("mooncake, steady", mooncake, setup),
        condition("mooncake, one server twice as slow", mooncake, setup, Scenario.SLOW_SERVER),
        condition("mooncake, one server lost and back", mooncake, setup, Scenario.LOST_SERVER),
        condition("mooncake, four gateways", mooncake, setup.withGateways(4)),
        condition("mooncake, steady, 4 s instead of 2 s", mooncake, patient),
        condition("mooncake, four gateways, 4 s instead of 2 s", mooncake, patient.withGateways(4)),
        condition("zipf, a few hot prefixes", zipf, setup),
        condition("azure code, bursts and no prefixes", azure, setup));
  }

  private List<Condition> scenarios() {
    List<Condition> all = new ArrayList<>();
    for (Scenario scenario : Scenario.values()) {
      Workload cut =
          scenario == Scenario.COLD_START
              ? Workload.of(scenario.cut(mooncake.trace()), setup.engine().blockTokens())
              : mooncake;
      all.add(condition(scenario.label(), cut, setup, scenario));
    }
    Affinity soft = new Affinity(Stickiness.SOFT, Affinity.OFF.boundPercent());
    List<String> one = List.of("prefix-affinity");
    all.add(condition(HALF_LOAD, mooncake, setup));
    all.add(condition("four gateways", mooncake, setup.withGateways(4)));
    all.add(
        condition(
            "soft affinity, whatever the balancer",
            mooncake,
            setup.withAffinity(soft),
            Scenario.STEADY,
            one));
    all.add(
        condition(
            "servers that say nothing of their caches",
            mooncake,
            setup.withSaid(false, false),
            Scenario.STEADY,
            one));
    all.add(condition("zipf", zipf, setup));
    all.add(condition("azure code", azure, setup));
    return all;
  }

  private static Condition condition(String name, Workload workload, Setup setup) {
    return condition(name, workload, setup, Scenario.STEADY);
  }

  private static Condition condition(
      String name, Workload workload, Setup setup, Scenario scenario) {
    return condition(name, workload, setup, scenario, BALANCERS);
  }

  private static Condition condition(
      String name, Workload workload, Setup setup, Scenario scenario, List<String> balancers) {
    Ceiling ceiling = Ceiling.of(workload, setup);
    return new Condition(name, workload, ceiling, setup, scenario, balancers);
  }

  private static List<Reached> capacities(
      ExecutorService pool, Condition condition, List<Reached> guesses)
      throws InterruptedException {
    List<Future<Reached>> searches = new ArrayList<>();
    for (int i = 0; i < BALANCERS.size(); i++) {
      String balancer = BALANCERS.get(i);
      double guess = guesses.isEmpty() ? 1 : Math.max(0.01, guesses.get(i).pace());
      searches.add(pool.submit(() -> capacity(condition, balancer, guess)));
    }
    return all(searches);
  }

  private static Reached capacity(Condition condition, String balancer, double guess) {
    double pace =
        Capacity.pace(
            condition.workload(), condition.setup(), balancer, condition.scenario(), guess);
    return new Reached(pace, at(condition, balancer, Math.max(pace, 1e-3)));
  }

  private static Figures at(Condition condition, String balancer, double pace) {
    return new Replay(condition.workload(), condition.setup(), balancer, condition.scenario(), pace)
        .run();
  }

  private static Shown shown(ExecutorService pool, Condition condition, double pace)
      throws InterruptedException {
    List<Future<Figures>> runs = new ArrayList<>();
    for (String balancer : condition.balancers()) {
      runs.add(pool.submit(() -> at(condition, balancer, pace)));
    }
    List<Figures> figures = all(runs);
    String title =
        String.format(Locale.ROOT, "%s, %.2f requests/s", condition.name(), figures.get(0).rate());
    return new Shown(title, figures);
  }

  /** Each balancer at rates up to what the best one holds, and a little more. */
  private Map<String, List<Figures>> curves(ExecutorService pool, List<Reached> steady)
      throws InterruptedException {
    double most = 1.1 * steady.stream().mapToDouble(Reached::pace).max().orElse(1);
    Condition plain = conditions().get(0);
    Map<String, List<Figures>> curves = new LinkedHashMap<>();
    Map<String, List<Future<Figures>>> runs = new LinkedHashMap<>();
    for (String balancer : BALANCERS) {
      List<Future<Figures>> ofOne = new ArrayList<>();
      for (int i = 1; i <= CURVE_POINTS; i++) {
        double pace = most * i / CURVE_POINTS;
        ofOne.add(pool.submit(() -> at(plain, balancer, pace)));
      }
      runs.put(balancer, ofOne);
    }
    for (Map.Entry<String, List<Future<Figures>>> each : runs.entrySet()) {
      curves.put(each.getKey(), all(each.getValue()));
    }
    progress.accept("curves");
    return curves;
  }

  /** The one of that balancer. */
  static Reached of(String balancer, List<Reached> all) {
    return all.get(BALANCERS.indexOf(balancer));
  }

  private static <T> List<T> all(List<Future<T>> futures) throws InterruptedException {
    List<T> all = new ArrayList<>();
    for (Future<T> each : futures) {
      try {
        all.add(each.get());
      } catch (ExecutionException e) {
        throw new IllegalStateException("a run failed: " + e.getCause(), e);
      }
    }
    return all;
  }
}
