package dev.caravan;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** Whether traffic should come here: {@code /q/health/ready}. */
@Readiness
@ApplicationScoped
public class ReadyCheck implements HealthCheck {
  private final Settings settings;
  private final Gateway gateway;

  @Inject
  ReadyCheck(Settings settings, Gateway gateway) {
    this.settings = settings;
    this.gateway = gateway;
  }

  @Override
  public HealthCheckResponse call() {
    boolean listening = gateway.ingress().listening();
    boolean draining = gateway.ingress().draining();
    List<String> pools = gateway.pools().names();
    List<String> unserved = gateway.pools().unserved();
    boolean served =
        switch (settings.health().readyWhen()) {
          case EVERY_POOL -> unserved.isEmpty();
          case ANY_POOL -> pools.isEmpty() || unserved.size() < pools.size();
          case LISTENING -> true;
        };
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named("inference").status(listening && served && !draining);
    response.withData("listening", listening).withData("pools", (long) pools.size());
    if (draining) {
      response.withData("draining", true);
    }
    if (!unserved.isEmpty()) {
      response.withData("pools without a server", String.join(", ", unserved));
    }
    return response.build();
  }
}
