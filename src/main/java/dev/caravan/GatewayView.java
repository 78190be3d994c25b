package dev.caravan;

import dev.caravan.admin.GatewayFacts;
import dev.caravan.admission.Admission;
import dev.caravan.admission.FairQueue;
import dev.caravan.admission.Shed;
import dev.caravan.fleet.Pool;
import dev.caravan.tenant.Priority;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The gateway as the management API shows it. */
final class GatewayView implements GatewayFacts {
  private final Gateway gateway;
  private final ReadyCheck readiness;
  private final String version;

  GatewayView(Gateway gateway, ReadyCheck readiness, String version) {
    this.gateway = gateway;
    this.readiness = readiness;
    this.version = version;
  }

  @Override
  public String version() {
    return version;
  }

  @Override
  public boolean ready() {
    return readiness.ready();
  }

  @Override
  public boolean draining() {
    return gateway.ingress().draining();
  }

  @Override
  public long inflight() {
    return gateway.ingress().requests();
  }

  @Override
  public int connections() {
    return gateway.ingress().connections();
  }

  @Override
  public long shed() {
    Admission admission = gateway.managed().admission();
    long all = 0;
    for (Shed why : Shed.values()) {
      all += admission.shed(why);
    }
    return all;
  }

  @Override
  public double loopLagSeconds() {
    return gateway.managed().admission().maxLagNanos() / 1e9;
  }

  @Override
  public List<OpenPool> pools() {
    return gateway.pools().open().stream()
        .map(each -> new OpenPool(each.pool(), each.aliases(), queue(each.pool())))
        .toList();
  }

  private @Nullable Waiting queue(Pool pool) {
    FairQueue queue = gateway.managed().roads().queue(pool);
    return queue == null
        ? null
        : new Waiting(
            queue.waiting(), pool.policy().queue().most(), queue.newcomerMillis(Priority.DEFAULT));
  }

  @Override
  public List<Jobs> jobs() {
    return gateway.jobs().standings().stream()
        .map(each -> new Jobs(each.name(), each.over(), each.running(), each.held(), each.paused()))
        .toList();
  }
}
