package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.caravan.time.Chance;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BalancersTest {

  @Test
  void names_always_areThoseOfTheTable() {
    assertThat(Balancers.names())
        .containsExactly(
            "round-robin",
            "weighted",
            "least-inflight",
            "least-tokens",
            "peak-ewma",
            "power-of-two",
            "consistent-hash",
            "prefix-affinity");
  }

  @ParameterizedTest
  @MethodSource("dev.caravan.select.Balancers#names")
  void named_everyName_makesANewSelectorEachTime(String name) {
    Chance chance = Chance.seeded(1);
    Selector selector = Balancers.named(name, chance);
    assertThat(selector.name()).isEqualTo(name);
    assertThat(Balancers.named(name, chance)).isNotSameAs(selector);
  }

  @Test
  void named_unknownName_saysWhichThereAre() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Balancers.named("least-busy", Chance.seeded(1)))
        .withMessage(
            "no balancer is named \"least-busy\"; there are "
                + String.join(", ", Balancers.names()));
  }

  @ParameterizedTest
  @MethodSource("dev.caravan.select.Balancers#names")
  void card_everyName_existsAndIsInTheIndex(String name) throws Exception {
    Path cards = Path.of("docs", "balancers");
    assertThat(cards.resolve(name + ".md")).exists();
    assertThat(Files.readString(cards.resolve("README.md"))).contains("(" + name + ".md)");
  }
}
