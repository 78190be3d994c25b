package dev.caravan.chaos;

import dev.caravan.TestGateway;
import dev.caravan.chaos.Schedule.Injection;
import dev.caravan.chaos.Schedule.Round;
import dev.caravan.fleet.ServerState;
import dev.caravan.time.Ticker;
import io.micrometer.core.instrument.Gauge;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Does to the servers of one pool what its schedule says. For one thread. */
final class Conductor {
  private static final Ticker TICKER = Ticker.system();

  /** Many times what probes and breakers need to notice. Chosen without experiment. */
  private static final Duration TO_RECOVER = Duration.ofSeconds(60);

  private final Schedule schedule;
  private final Servers servers;
  private final TestGateway gateway;
  private final Load load;

  Conductor(Schedule schedule, Servers servers, TestGateway gateway, Load load) {
    this.load = load;
    this.schedule = schedule;
    this.servers = servers;
    this.gateway = gateway;
  }

  /** What happened to one server, as far as it is known. */
  private record Done(Injection injection, long beganNanos, long healedNanos) {}

  /**
   * Runs all rounds.
   *
   * @throws AssertionError where the gateway does not trust a server again that is well
   */
  List<Injected> run() {
    List<Injected> all = new ArrayList<>();
    for (Round round : schedule.rounds()) {
      List<CompletableFuture<Done>> running = new ArrayList<>();
      for (Injection injection : round.injections()) {
        running.add(start(injection));
      }
      List<Done> done = running.stream().map(CompletableFuture::join).toList();
      await("round " + round.number() + " of " + schedule.pool().model(), this::well);
      long recovered = TICKER.nanos();
      // A request that still waits on a server of this round must not meet another guard.
      await("requests of round " + round.number(), () -> load.settled(schedule.pool(), recovered));
      for (Done each : done) {
        all.add(
            new Injected(
                round, each.injection(), each.beganNanos(), each.healedNanos(), recovered));
      }
    }
    await("slow starts", () -> schedule.pool().servers().stream().allMatch(this::healthy));
    return all;
  }

  private boolean healthy(String name) {
    return gateway.backend(name).availability().state() == ServerState.HEALTHY;
  }

  private CompletableFuture<Done> start(Injection injection) {
    CompletableFuture<Done> done = new CompletableFuture<>();
    Server server = servers.get(injection.server());
    later(
        injection.delayMillis(),
        done,
        () -> {
          long began = TICKER.nanos();
          server.begin(injection);
          later(
              injection.lastsMillis(),
              done,
              () -> {
                server.heal(injection);
                done.complete(new Done(injection, began, TICKER.nanos()));
              });
        });
    return done;
  }

  @FunctionalInterface
  private interface Step {
    void run() throws Exception;
  }

  private static void later(int millis, CompletableFuture<?> done, Step step) {
    Pause.TIMER.schedule(
        () -> {
          try {
            step.run();
          } catch (Exception | AssertionError e) {
            done.completeExceptionally(e);
          }
        },
        millis,
        TimeUnit.MILLISECONDS);
  }

  private void await(String what, Callable<Boolean> over) {
    try {
      Awaitility.await().atMost(TO_RECOVER).pollInterval(Duration.ofMillis(20)).until(over);
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(what + " are not over: " + states(), e);
    }
  }

  /** Whether the gateway trusts all servers again, and has no dead connections left. */
  private boolean well() {
    return schedule.pool().servers().stream()
        .allMatch(name -> well(gateway, name) && !servers.get(name).halfOpen());
  }

  private String states() {
    StringBuilder text = new StringBuilder();
    for (String name : schedule.pool().servers()) {
      text.append(name).append(" is ").append(gateway.backend(name).availability());
      text.append(breakerClosed(gateway, name) ? ", breaker closed; " : ", breaker not closed; ");
    }
    return text.toString();
  }

  /** Whether a server may be picked, as far as health goes. */
  static boolean well(TestGateway gateway, String name) {
    return gateway.backend(name).availability().eligible() && breakerClosed(gateway, name);
  }

  private static boolean breakerClosed(TestGateway gateway, String name) {
    Gauge closed =
        gateway
            .meters()
            .find("caravan.breaker.state")
            .tag("backend", name)
            .tag("state", "closed")
            .gauge();
    return closed == null || closed.value() == 1;
  }
}
