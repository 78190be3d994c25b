package dev.caravan.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.tenant.TokenChecks.Checked;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A token is checked once, elsewhere. */
class TokenChecksTest {
  private static final String TOKEN = "eyJh.eyJz.c2ln";
  private static final Client ANA = new Client("ana", Quota.UNLIMITED);

  private final AtomicLong now = new AtomicLong(1_000);
  private final Deque<Runnable> tasks = new ArrayDeque<>();
  private final List<String> checked = new ArrayList<>();
  private Checked result = new Checked(ANA, 5_000);
  private boolean full;
  private Runnable during = () -> {};
  private final TokenChecks checks =
      new TokenChecks(
          token -> {
            checked.add(token);
            during.run();
            return result;
          },
          task -> {
            if (full) {
              throw new RejectedExecutionException();
            }
            tasks.add(task);
          },
          now::get);

  private List<Standing> told(Standing pending) {
    List<Standing> told = new ArrayList<>();
    ((Pending) pending).then(Runnable::run, told::add);
    return told;
  }

  @Test
  void of_aNewToken_isPending_andKnownAfterwards_untilItsTimeIsOver() {
    List<Standing> first = told(checks.of(TOKEN));
    List<Standing> second = told(checks.of(TOKEN));
    assertThat(first).isEmpty();
    assertThat(tasks).hasSize(1);
    tasks.remove().run();
    assertThat(first).containsExactly(ANA);
    assertThat(second).containsExactly(ANA);
    assertThat(checks.of(TOKEN)).isSameAs(ANA);
    now.set(4_999);
    assertThat(checks.of(TOKEN)).isSameAs(ANA);
    now.set(5_000);
    assertThat(checks.of(TOKEN)).isEqualTo(Denied.EXPIRED);
    assertThat(checked).containsExactly(TOKEN);
  }

  @Test
  void of_aBadToken_isNotCheckedAgainForAWhile() {
    result = new Checked(Denied.UNKNOWN, 0);
    List<Standing> told = told(checks.of(TOKEN));
    tasks.remove().run();
    assertThat(told).containsExactly(Denied.UNKNOWN);
    assertThat(checks.of(TOKEN)).isEqualTo(Denied.UNKNOWN);
    now.addAndGet(10_000);
    assertThat(checks.of(TOKEN)).isInstanceOf(Pending.class);
  }

  @Test
  void of_whatCouldNotBeChecked_isCheckedAgain() {
    result = new Checked(Denied.UNCHECKED, 0);
    assertThat(told(checks.of(TOKEN))).isEmpty();
    tasks.remove().run();
    assertThat(checks.of(TOKEN)).isInstanceOf(Pending.class);
  }

  @Test
  void of_moreThanCanWait_isUnchecked_andNothingIsLeft() {
    full = true;
    assertThat(checks.of(TOKEN)).isEqualTo(Denied.UNCHECKED);
    full = false;
    assertThat(checks.of(TOKEN)).isInstanceOf(Pending.class);
  }

  @Test
  void forget_hasTokensCheckedAnew() {
    told(checks.of(TOKEN));
    tasks.remove().run();
    checks.forget();
    assertThat(checks.of(TOKEN)).isInstanceOf(Pending.class);
  }

  @Test
  void of_manyTokens_remembersTheLastOnly() {
    for (int i = 0; i < 50_000; i++) {
      told(checks.of(TOKEN + i));
      tasks.remove().run();
    }
    assertThat(checks.of(TOKEN + 49_999)).isSameAs(ANA);
    assertThat(checks.of(TOKEN + 0)).isInstanceOf(Pending.class);
  }

  @Test
  void of_aHugeToken_isNotEvenDigested() {
    assertThat(checks.of(TOKEN + "x".repeat(20_000))).isEqualTo(Denied.MALFORMED);
    assertThat(tasks).isEmpty();
  }

  @Test
  void forget_whileACheckRuns_doesNotKeepWhatItKnewBefore() {
    told(checks.of(TOKEN));
    Runnable check = tasks.remove();
    result = new Checked(ANA, 5_000);
    during = checks::forget;
    check.run();
    assertThat(checks.of(TOKEN)).isInstanceOf(Pending.class);
  }

  @Test
  void of_aTokenThatIsRefusedForATime_isCheckedAgainAfterIt() {
    result = new Checked(Denied.UNKNOWN, 3_000);
    told(checks.of(TOKEN));
    tasks.remove().run();
    now.set(2_999);
    assertThat(checks.of(TOKEN)).isEqualTo(Denied.UNKNOWN);
    now.set(3_000);
    assertThat(checks.of(TOKEN)).isInstanceOf(Pending.class);
  }
}
