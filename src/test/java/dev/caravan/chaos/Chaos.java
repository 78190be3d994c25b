package dev.caravan.chaos;

import static org.awaitility.Awaitility.await;

import dev.caravan.TestGateway;
import dev.caravan.chaos.Result.End;
import dev.caravan.time.Ticker;
import io.micrometer.core.instrument.Counter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * One run of the suite: starts servers, gateway and load, lets the schedules happen, and judges.
 *
 * @param perSecond requests a second, in each pool
 * @param calmMillis how long nothing is done at the beginning
 */
record Chaos(long seed, List<Schedule> schedules, int perSecond, int calmMillis) {
  private static final Ticker TICKER = Ticker.system();

  /** Twice as fast as the card, so that streams of some hundred tokens last a second. */
  private static final double SPEEDUP = 2;

  /**
   * Milliseconds that servers may be silent: several times what the slowest answer took when
   * nothing was wrong, for a machine may be busy with other things.
   */
  private static final long LEAST_TIMEOUT = 2_000;

  private static final long MOST_TIMEOUT = 8_000;

  /** Answers until client and gateway are fast. Chosen without experiment. */
  private static final int WARM_UP = 150;

  /** Requests for each server, on the average, when all are well again at the end. */
  private static final int LAST_REQUESTS = 25;

  /** How many of the requests that went wrong are told with all that is known of them. */
  private static final int TOLD = 20;

  /**
   * Runs it.
   *
   * @throws AssertionError where a promise was not kept; says all that one needs to repeat it
   */
  void run(boolean intoDocs) throws Exception {
    List<Pool> pools = schedules.stream().map(Schedule::pool).toList();
    List<Question> questions = Question.draw(new Random(seed));
    try (GatewayLog log = new GatewayLog();
        Servers servers = Servers.start(pools, SPEEDUP)) {
      Answers answers = Answers.learn(pools, questions, servers);
      StringBuilder routes = new StringBuilder();
      long timeout = Math.max(LEAST_TIMEOUT, Math.min(MOST_TIMEOUT, 6 * answers.slowestMillis()));
      pools.forEach(pool -> routes.append(pool.route(servers, timeout)));
      try (TestGateway gateway = TestGateway.start(routes.toString(), settings(pools, timeout));
          Load load = new Load(gateway.port(), pools, questions, answers, perSecond, seed)) {
        Run run = happen(gateway, servers, load, timeout, log);
        Report.write(run, intoDocs);
        List<String> problems = Verdict.on(run);
        if (!problems.isEmpty()) {
          throw new AssertionError(account(run, problems, log));
        }
      }
    }
  }

  private static Map<String, String> settings(List<Pool> pools, long timeout) {
    int servers = pools.stream().mapToInt(pool -> pool.servers().size()).max().orElse(1);
    return Map.of(
        "caravan.attempts", Integer.toString(servers),
        "caravan.http.idle-timeout", "10m",
        "caravan.probe.enabled", "true",
        "caravan.probe.period", "300ms",
        "caravan.probe.timeout", timeout + "ms");
  }

  private Run happen(TestGateway gateway, Servers servers, Load load, long timeout, GatewayLog log)
      throws Exception {
    load.warmUp(WARM_UP);
    load.start();
    long calmFrom = TICKER.nanos();
    Pause.millis(calmMillis);
    long calmUntil = TICKER.nanos();
    List<CompletableFuture<List<Injected>>> conductors = new ArrayList<>();
    for (Schedule schedule : schedules) {
      Conductor conductor = new Conductor(schedule, servers, gateway, load);
      conductors.add(CompletableFuture.supplyAsync(conductor::run, Chaos::inThread));
    }
    List<Injected> injected = new ArrayList<>();
    try {
      conductors.forEach(each -> injected.addAll(each.join()));
    } catch (CompletionException e) {
      throw new AssertionError(this + "\n" + String.join("\n", log.about(Set.of())), e.getCause());
    }
    long wellFrom = TICKER.nanos();
    int most = schedules.stream().mapToInt(s -> s.pool().servers().size()).max().orElse(1);
    Pause.millis(1_000 * LAST_REQUESTS * most / perSecond);
    List<Result> results = load.stop();
    gateway.awaitIdle();
    for (Server server : servers.all()) {
      await("requests left on " + server.name())
          .atMost(Duration.ofSeconds(20))
          .until(server::running, running -> running == 0);
    }
    long toLog = results.stream().filter(result -> result.end() != End.LEFT).count();
    await("the access log")
        .atMost(Duration.ofSeconds(20))
        .until(() -> gateway.accessLog().size() >= toLog);
    return new Run(
        seed,
        perSecond,
        timeout,
        schedules,
        results,
        injected,
        calmFrom,
        calmUntil,
        wellFrom,
        attempts(gateway),
        gateway.accessLog());
  }

  private static void inThread(Runnable task) {
    new Thread(task, "chaos-conductor").start();
  }

  private static Map<String, Long> attempts(TestGateway gateway) {
    Map<String, Long> attempts = new TreeMap<>();
    for (Counter counter : gateway.meters().find("caravan.backend.attempts").counters()) {
      String cause = String.valueOf(counter.getId().getTag("cause"));
      attempts.merge(cause, (long) counter.count(), Long::sum);
    }
    return attempts;
  }

  private String account(Run run, List<String> problems, GatewayLog log) {
    StringBuilder text = new StringBuilder();
    text.append(problems.size()).append(" problems:\n");
    problems.stream().limit(TOLD).forEach(each -> text.append("  ").append(each).append('\n'));
    text.append("repeat it with -Dchaos.seed=").append(seed).append('\n').append(this);
    text.append("\nthe access log of those requests:\n");
    Set<String> ids = new TreeSet<>();
    run.results().stream()
        .filter(result -> result.end() == End.FAILED || result.end() == End.FALSE)
        .limit(TOLD)
        .forEach(result -> ids.add(result.ask().id()));
    run.accessLog().stream()
        .filter(line -> ids.stream().anyMatch(id -> line.contains('"' + id + '"')))
        .forEach(line -> text.append("  ").append(line).append('\n'));
    text.append("the gateway's log:\n");
    log.about(ids).forEach(line -> text.append("  ").append(line).append('\n'));
    return text.toString();
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("seed " + seed + "\n");
    schedules.forEach(text::append);
    return text.toString();
  }
}
