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
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named("inference").status(ready(pools.size(), unserved.size()));
    response.withData("listening", listening).withData("pools", (long) pools.size());
    if (draining) {
      response.withData("draining", true);
    }
    if (!unserved.isEmpty()) {
      response.withData("pools without a server", String.join(", ", unserved));
    }
    String sharing = gateway.limiting().sharing();
    if (sharing != null) {
      response.withData("limits are shared", sharing);
    }
    return response.build();
  }

  /** Whether traffic should come here. */
  boolean ready() {
    return ready(gateway.pools().names().size(), gateway.pools().unserved().size());
  }

  private boolean ready(int pools, int unserved) {
    boolean served =
        switch (settings.health().readyWhen()) {
          case EVERY_POOL -> unserved == 0;
          case ANY_POOL -> pools == 0 || unserved < pools;
          case LISTENING -> true;
        };
    return gateway.ingress().listening() && served && !gateway.ingress().draining();
  }
}
