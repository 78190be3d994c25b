package dev.caravan.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.health.HandTicker;
import dev.caravan.limit.Account;
import dev.caravan.limit.Ledger;
import dev.caravan.tenant.Quota;
import dev.caravan.time.WallClock;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class LimitResourceTest {

  @Test
  void all_showsWhatIsUsedAndWhenItIsBack() {
    HandTicker ticker = new HandTicker();
    WallClock wall = () -> Instant.parse("2026-11-30T23:00:00Z").toEpochMilli();
    Ledger ledger =
        new Ledger(
            ticker,
            wall,
            new Ledger.Listener() {
              @Override
              public void made(Account account) {}

              @Override
              public void gone(Account account) {}
            });
    Quota quota = new Quota(60, 600, 2, 10_000);
    Quota pool = new Quota(0, 0, 8, 0);
    Objects.requireNonNull(ledger.reserve("acme", true, quota, "llama", pool, 50, 70, true))
        .settle(60);
    ledger.reserve("acme", true, quota, "llama", pool, 50, 70, true);
    ledger.reserve("acme", true, quota, "llama", pool, 450, 0, true);

    assertThat(new LimitResource(ledger, ticker, wall).all().limits())
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
