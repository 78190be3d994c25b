package dev.caravan.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.HandScheduler;
import org.junit.jupiter.api.Test;

class HedgeBudgetTest {
  private final HandScheduler clock = new HandScheduler();
  private final RecentRequests requests = new RecentRequests(clock.ticker());
  private final HedgeBudget budget = new HedgeBudget(requests, clock.ticker());

  private int takeAll(int percent) {
    int taken = 0;
    while (budget.take(percent)) {
      taken++;
    }
    return taken;
  }

  private void arrive(int count) {
    for (int i = 0; i < count; i++) {
      requests.arrived(clock.ticker().nanos());
    }
  }

  @Test
  void take_inAQuietPool_isOne() {
    assertThat(takeAll(5)).isEqualTo(1);
    clock.pass(10_000);
    assertThat(takeAll(5)).isEqualTo(1);
  }

  @Test
  void take_isAShareOfRecentRequests() {
    arrive(200);
    assertThat(takeAll(5)).isEqualTo(10 + 1);
    arrive(100);
    assertThat(takeAll(5)).isEqualTo(5);
    assertThat(takeAll(10)).isEqualTo(15);
  }

  @Test
  void giveBack_isTakenByAnother() {
    assertThat(budget.take(5)).isTrue();
    budget.giveBack();
    assertThat(takeAll(5)).isEqualTo(1);
  }
}
