package dev.caravan.route.probe;

import dev.caravan.health.HealthListener;
import dev.caravan.health.HealthSignals;
import dev.caravan.health.ProbeBudget;
import dev.caravan.route.parameter.Durations;
import dev.caravan.route.parameter.EndpointName;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.route.parameter.Parameter;
import dev.caravan.time.Chance;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;

/**
 * {@code probe:NAME}: starts the route that follows every so often, and enters into the health
 * whether it ended well and in time. Registered under the name {@code probe}.
 */
public final class ProbeComponent extends DefaultComponent {
  /** The table: everything a {@code probe:} endpoint takes. */
  public static final List<Parameter> TABLE =
      List.of(
          new Parameter(
              "period",
              new Parameter.Duration(),
              "10s",
              "From the start of one probe to the start of the next."),
          new Parameter(
              "firstToken",
              new Parameter.Duration(),
              "5s",
              "A later first token is no answer, where the prompt asks for a stream."),
          new Parameter(
              "timeout", new Parameter.Duration(), "10s", "A later end of the answer is none."),
          new Parameter(
              "budget",
              new Parameter.Whole(1, 1_000_000),
              "360",
              "Prompts an hour that the server is sent; further ones are left out. Those that it"
                  + " must answer before it gets traffic again count, and are sent all the same."),
          new Parameter(
              "jitter",
              new Parameter.Whole(0, 50),
              "20",
              "By how many percent a period is longer or shorter at random, so that the probes of"
                  + " many servers and gateways spread."));

  private final HealthSignals health;
  private final HealthListener listener;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final Chance chance;
  private final ConcurrentHashMap<String, ProbeBudget> budgets = new ConcurrentHashMap<>();

  /** A component to be registered as {@code probe}. */
  public ProbeComponent(
      HealthSignals health,
      HealthListener listener,
      Scheduler scheduler,
      Ticker ticker,
      Chance chance) {
    this.health = health;
    this.listener = listener;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.chance = chance;
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
    Map<String, String> given = new LinkedHashMap<>();
    for (Parameter row : TABLE) {
      Object value = parameters.remove(row.name());
      if (value != null) {
        String text = value.toString();
        String problem = row.problem(text);
        if (problem != null) {
          throw new IllegalArgumentException("probe:" + remaining + ": " + problem);
        }
        given.put(row.name(), text);
      }
    }
    if (!parameters.isEmpty()) {
      String name = parameters.keySet().iterator().next();
      throw new IllegalArgumentException(
          "probe:" + remaining + ": " + ModelParameters.unknown(name, TABLE));
    }
    if (!EndpointName.model(remaining)) {
      throw new IllegalArgumentException(
          "probe:" + remaining + ": the name is not " + EndpointName.MODEL_ACCEPTED);
    }
    return new ProbeEndpoint(
        uri,
        this,
        remaining,
        Durations.millis(given.getOrDefault("period", "10s")).orElseThrow(),
        Durations.millis(given.getOrDefault("firstToken", "5s")).orElseThrow(),
        Durations.millis(given.getOrDefault("timeout", "10s")).orElseThrow(),
        Integer.parseInt(given.getOrDefault("budget", "360")),
        Integer.parseInt(given.getOrDefault("jitter", "20")));
  }

  HealthSignals health() {
    return health;
  }

  HealthListener listener() {
    return listener;
  }

  Ticker ticker() {
    return ticker;
  }

  Scheduler scheduler() {
    return scheduler;
  }

  /** The budget of a server, which outlives its route unless that says another one. */
  ProbeBudget budget(String server, int hourly) {
    return budgets.compute(
        server,
        (name, known) ->
            known != null && known.hourly() == hourly ? known : new ProbeBudget(hourly, ticker));
  }

  /** A server has left the fleet. */
  void forget(String server) {
    budgets.remove(server);
  }

  Chance chance() {
    return chance;
  }
}
