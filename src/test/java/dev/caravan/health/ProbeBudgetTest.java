package dev.caravan.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.Together;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProbeBudgetTest {
  private static final long HOUR = 3_600_000;
  private final HandTicker ticker = new HandTicker();

  private static int spent(ProbeBudget budget, boolean asked) {
    int count = 0;
    while (budget.spend(asked)) {
      count++;
    }
    return count;
  }

  @Test
  void bucket_holdsATenthOfAnHour_andFillsEvenly() {
    ProbeBudget budget = new ProbeBudget(360, ticker);
    assertThat(spent(budget, false)).isEqualTo(36);
    ticker.pass(9_999);
    assertThat(budget.spend(false)).isFalse();
    ticker.pass(2);
    assertThat(budget.spend(false)).isTrue();
    ticker.pass(10 * HOUR);
    assertThat(spent(budget, false)).isEqualTo(36);
  }

  @Test
  void noHour_hasMuchMoreThanTheBudget() {
    ProbeBudget budget = new ProbeBudget(60, ticker);
    int count = 0;
    for (int second = 0; second < 3_600; second++) {
      ticker.pass(1_000);
      count += budget.spend(false) ? 1 : 0;
    }
    assertThat(count).isBetween(60, 70);
  }

  @Test
  void asked_overdrawsByTen_whichTheNextOnesPayBack() {
    ProbeBudget budget = new ProbeBudget(360, ticker);
    assertThat(spent(budget, false)).isEqualTo(36);
    assertThat(spent(budget, true)).isEqualTo(10);
    ticker.pass(100_000);
    assertThat(budget.spend(false)).isFalse();
    ticker.pass(10_001);
    assertThat(budget.spend(false)).isTrue();
  }

  @Test
  void say_onceAnHour() {
    ProbeBudget budget = new ProbeBudget(1, ticker);
    assertThat(budget.say()).isTrue();
    assertThat(budget.say()).isFalse();
    ticker.pass(HOUR - 1);
    assertThat(budget.say()).isFalse();
    ticker.pass(1);
    assertThat(budget.say()).isTrue();
  }

  @Test
  void manyThreads_neverOverspend() {
    ProbeBudget budget = new ProbeBudget(1_000, ticker);
    List<Integer> spent = Together.run(4, () -> spent(budget, false));
    assertThat(spent.stream().mapToInt(Integer::intValue).sum()).isEqualTo(100);
  }
}
