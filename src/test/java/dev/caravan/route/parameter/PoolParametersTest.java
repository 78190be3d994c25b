package dev.caravan.route.parameter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.caravan.fleet.PoolPolicy;
import dev.caravan.fleet.PoolPolicy.Ejection;
import dev.caravan.fleet.PoolPolicy.Hedge;
import dev.caravan.fleet.PoolPolicy.Recovery;
import dev.caravan.fleet.Timeouts;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PoolParametersTest {

  @Test
  void nothingGiven_isTheDefault() {
    assertThat(PoolParameters.read("llama", Map.of()))
        .isEqualTo(new PoolParameters("llama", List.of(), PoolPolicy.DEFAULT));
  }

  @Test
  void everything_isRead() {
    PoolParameters read =
        PoolParameters.read(
            "llama",
            Map.ofEntries(
                Map.entry("aliases", "gpt-4o, gpt-4o-mini"),
                Map.entry("connectTimeout", "500ms"),
                Map.entry("firstTokenTimeout", "1m"),
                Map.entry("betweenTokensTimeout", "5s"),
                Map.entry("totalTimeout", "1h"),
                Map.entry("attempts", "5"),
                Map.entry("retryBudget", "30"),
                Map.entry("hedge", "p95"),
                Map.entry("hedgeBudget", "7"),
                Map.entry("ping", "15s"),
                Map.entry("resume", "on"),
                Map.entry("slowStart", "30s"),
                Map.entry("warmUp", "4"),
                Map.entry("ejectAfter", "3"),
                Map.entry("ejectionTime", "20s"),
                Map.entry("maxEjected", "40"),
                Map.entry("panic", "25"),
                Map.entry("affinity", "strict"),
                Map.entry("affinityBound", "150")));
    assertThat(read.aliases()).containsExactly("gpt-4o", "gpt-4o-mini");
    assertThat(read.policy())
        .isEqualTo(
            new PoolPolicy(
                new Timeouts(500, 60_000, 5_000, 3_600_000),
                5,
                30,
                new Hedge(Hedge.Mode.P95, 0, 7),
                15_000,
                true,
                new Recovery(30_000, 4),
                new Ejection(3, 20_000, 40),
                25,
                new PoolPolicy.Affinity(PoolPolicy.Affinity.Stickiness.STRICT, 150)));
  }

  @Test
  void off_isZero() {
    PoolPolicy read =
        PoolParameters.read(
                "llama",
                Map.of("slowStart", "off", "ping", "off", "ejectAfter", "0", "hedge", "2s"))
            .policy();
    assertThat(read.recovery().slowStartMillis()).isZero();
    assertThat(read.pingMillis()).isZero();
    assertThat(read.ejection().consecutiveFailures()).isZero();
    assertThat(read.hedge()).isEqualTo(new Hedge(Hedge.Mode.FIXED, 2_000, 5));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "hedge       | soon | hedge \"soon\" is not off or p95, or a duration",
        "retryBudget | 101  | retryBudget \"101\" is not a whole number from 0 to 100",
        "resume      | yes  | resume \"yes\" is not one of on, off",
        "pings       | 1s   | unknown parameter \"pings\", did you mean ping?"
      })
  void wrongValue_isRefusedByName(String parameter, String value, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PoolParameters.read("llama", Map.of(parameter, value)))
        .withMessageStartingWith("pool:llama: " + message);
  }
}
