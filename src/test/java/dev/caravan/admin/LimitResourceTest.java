package dev.caravan.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.health.HandTicker;
import dev.caravan.limit.Ledger;
import dev.caravan.tenant.Quota;
import dev.caravan.time.WallClock;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class LimitResourceTest {

  private final HandTicker ticker = new HandTicker();
  private final WallClock wall = () -> Instant.parse("2026-11-30T23:00:00Z").toEpochMilli();
  private final Ledger ledger = new Ledger(ticker, wall, false, Ledger.Listener.NONE);

  @Test
  void nearest_areThoseWithLeastLeft_andNoMoreThanAScreenHas() {
    Quota ten = new Quota(10, 0, 0, 0);
    for (int tenant = 0; tenant < 30; tenant++) {
      for (int request = 0; request <= tenant % 10; request++) {
        ledger.reserve("t" + tenant, true, ten, "llama", Quota.UNLIMITED, 1, 1, true);
      }
    }
    Overview.LimitsNow shown = new LimitsInUse(ledger, ticker, wall).nearest();
    assertThat(shown.accounts()).isEqualTo(30);
    assertThat(shown.nearest()).hasSize(LimitsInUse.SHOWN);
    assertThat(shown.nearest().subList(0, 5))
        .extracting(LimitResource.Use::name)
        .containsExactly("t19", "t29", "t9", "t18", "t28");
    assertThat(shown.nearest()).allMatch(use -> use.limits().get(0).used() >= 4);
  }

  @Test
  void all_showsWhatIsUsedAndWhenItIsBack() {
    Quota quota = new Quota(60, 600, 2, 10_000);
    Quota pool = new Quota(0, 0, 8, 0);
    Objects.requireNonNull(ledger.reserve("acme", true, quota, "llama", pool, 50, 70, true))
        .settle(60);
    ledger.reserve("acme", true, quota, "llama", pool, 50, 70, true);
    ledger.reserve("acme", true, quota, "llama", pool, 450, 0, true);

    assertThat(new LimitResource(new LimitsInUse(ledger, ticker, wall)).all().limits())
        .containsExactly(
            new LimitResource.Use(
                "pool",
                "llama",
                60,
                java.util.List.of(new LimitResource.Of("concurrent", 8, 1, 7, null, 0))),
            new LimitResource.Use(
                "tenant",
                "acme",
                60,
                java.util.List.of(
                    new LimitResource.Of("requests", 60, 2, 58, 2.0, 0),
                    new LimitResource.Of("tokens", 600, 180, 420, 18.0, 1),
                    new LimitResource.Of("concurrent", 2, 1, 1, null, 0),
                    new LimitResource.Of("budget", 10_000, 180, 9_820, 3_600.0, 0))));
  }
}
