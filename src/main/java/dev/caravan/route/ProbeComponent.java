package dev.caravan.route;

import dev.caravan.health.HealthSignals;
import dev.caravan.time.Chance;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;

/**
 * {@code probe:NAME}: starts the route that follows every so often, and enters into the health
 * whether it ended well and in time. Registered under the name {@code probe}.
 */
public final class ProbeComponent extends DefaultComponent {
  /** The table: everything a {@code probe:} endpoint takes. */
  static final List<Parameter> TABLE =
      List.of(
          new Parameter(
              "period",
              new Parameter.Duration(),
              "10s",
              "From the start of one probe to the start of the next."),
          new Parameter(
              "timeout", new Parameter.Duration(), "10s", "A later answer is a failed probe."),
          new Parameter(
              "jitter",
              new Parameter.Whole(0, 50),
              "20",
              "By how many percent a period is longer or shorter at random, so that the probes of"
                  + " many servers and gateways spread."));

  private final HealthSignals health;
  private final ProbeTimer timer;
  private final Chance chance;

  public ProbeComponent(HealthSignals health, ProbeTimer timer, Chance chance) {
    this.health = health;
    this.timer = timer;
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
        Durations.millis(given.getOrDefault("timeout", "10s")).orElseThrow(),
        Integer.parseInt(given.getOrDefault("jitter", "20")));
  }

  HealthSignals health() {
    return health;
  }

  ProbeTimer timer() {
    return timer;
  }

  Chance chance() {
    return chance;
  }
}
