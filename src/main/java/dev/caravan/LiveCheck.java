package dev.caravan;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Whether the process can still work: its event loops turn. {@code /q/health/live}. */
@Liveness
@ApplicationScoped
public class LiveCheck implements HealthCheck {
  private final Gateway gateway;

  @Inject
  LiveCheck(Gateway gateway) {
    this.gateway = gateway;
  }

  @Override
  public HealthCheckResponse call() {
    int stuck = gateway.stuckLoops();
    return HealthCheckResponse.named("event loops")
        .status(stuck == 0)
        .withData("stuck", (long) stuck)
        .build();
  }
}
