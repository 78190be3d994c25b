package dev.caravan.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Fleet;
import dev.caravan.health.Breakers;
import dev.caravan.health.FleetHealth;
import dev.caravan.health.HealthListener;
import dev.caravan.health.HealthSettings;
import dev.caravan.limit.Ledger;
import dev.caravan.telemetry.LimitMeters;
import dev.caravan.telemetry.Meters;
import dev.caravan.testing.HandScheduler;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Who watches sees one snapshot a second, as long as they may and can. */
class OverviewStreamTest {
  private static final Overview.User ANA = new Overview.User("ana", List.of("viewer"));

  private final HandScheduler time = new HandScheduler();
  private final Fleet fleet = new Fleet(backend -> {});
  private final Meters meters = new Meters(new SimpleMeterRegistry());
  private final Breakers breakers = new Breakers(time.ticker(), HealthListener.NONE);
  private final Changes changes = new Changes(time::nowMillis);
  private final QuietGateway facts = new QuietGateway();
  private final OverviewStream stream =
      new OverviewStream(
          new Overviews(
              fleet,
              new FleetHealth(
                  new HealthSettings(3, 2, 2), time.ticker(), time, breakers, HealthListener.NONE),
              breakers,
              meters,
              facts,
              new Sampler(fleet, meters, facts, time.ticker(), time::nowMillis),
              new LimitsInUse(
                  new Ledger(
                      time.ticker(),
                      time::nowMillis,
                      false,
                      new LimitMeters(new SimpleMeterRegistry(), time.ticker(), time::nowMillis)),
                  time.ticker(),
                  time::nowMillis),
              new RouteFileList() {
                @Override
                public List<File> files() {
                  return List.of();
                }

                @Override
                public @Nullable String source(String file) {
                  return null;
                }
              },
              changes,
              time.ticker(),
              time::nowMillis));

  @Test
  void viewer_seesOneAtOnce_andOneASecond_withTheirName() {
    AssertSubscriber<String> viewer =
        stream.watch(ANA, () -> true).subscribe().withSubscriber(AssertSubscriber.create(10));
    stream.tick();
    stream.tick();
    assertThat(viewer.getItems()).hasSize(3);
    assertThat(viewer.getItems().get(2))
        .startsWith("{\"user\":{\"name\":\"ana\",\"roles\":[\"viewer\"]},\"at\":")
        .doesNotContain("\n");
    viewer.cancel();
    assertThat(stream.viewers()).isZero();
  }

  @Test
  void slowViewer_missesSome_andGetsTheLatest() {
    AssertSubscriber<String> slow =
        stream.watch(ANA, () -> true).subscribe().withSubscriber(AssertSubscriber.create(1));
    for (int i = 0; i < 100; i++) {
      time.pass(1_000);
      stream.tick();
    }
    assertThat(slow.getItems()).hasSize(1);
    slow.request(10);
    assertThat(slow.getItems()).hasSize(2);
    assertThat(slow.getItems().get(1)).contains("\"at\":100000,");
  }

  @Test
  void whoMayNotStay_isSentAway_alone() {
    AtomicBoolean good = new AtomicBoolean(true);
    AssertSubscriber<String> revoked =
        stream.watch(ANA, good::get).subscribe().withSubscriber(AssertSubscriber.create(10));
    AssertSubscriber<String> other =
        stream.watch(ANA, () -> true).subscribe().withSubscriber(AssertSubscriber.create(10));
    good.set(false);
    stream.tick();
    revoked.assertCompleted().assertItems(revoked.getItems().get(0));
    assertThat(other.getItems()).hasSize(2);
    assertThat(stream.viewers()).isEqualTo(1);
  }

  @Test
  void close_endsAll_andWhoComesLater() {
    AssertSubscriber<String> before =
        stream.watch(ANA, () -> true).subscribe().withSubscriber(AssertSubscriber.create(10));
    stream.close();
    before.assertCompleted();
    stream
        .watch(ANA, () -> true)
        .subscribe()
        .withSubscriber(AssertSubscriber.create(10))
        .assertCompleted();
    assertThat(stream.viewers()).isZero();
  }

  @Test
  void changes_keepTheLast() {
    for (int i = 0; i < 250; i++) {
      changes.add(Changes.What.ROUTES, "r" + i, null, "active", null);
    }
    assertThat(changes.latest()).hasSize(Changes.KEPT);
    assertThat(changes.latest().get(0).name()).isEqualTo("r249");
    assertThat(changes.latest().get(0).what()).isEqualTo("routes");
  }
}
