package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.request.AnyRequest;
import dev.caravan.testing.Together;
import dev.caravan.time.Chance;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ExplanationsTest {
  private final Explanations explanations = new Explanations();

  private static Explanation choice(int servers) {
    Backend[] all = new Backend[servers];
    for (int i = 0; i < servers; i++) {
      all[i] = Road.server("s" + i, 1, BackendSpec.UNLIMITED);
    }
    return Balancers.named("round-robin", Chance.seeded(1))
        .explain(AnyRequest.chat(), all, 0, Affinity.OFF, Selector.NO_HOME);
  }

  private int choices(String id) {
    return Objects.requireNonNull(explanations.find(id), id).choices().size();
  }

  @Test
  void add_furtherChoices_joinTheirRequest() {
    explanations.add("one", "llama", true, choice(1));
    explanations.add("two", "llama", true, choice(1));
    explanations.add("one", "llama", false, choice(2));
    assertThat(choices("one")).isEqualTo(2);
    assertThat(choices("two")).isEqualTo(1);
    assertThat(explanations.find("three")).isNull();
  }

  @Test
  void add_clientThatRepeatsAnId_findsTheLatestRequest() {
    explanations.add("one", "llama", true, choice(1));
    explanations.add("one", "llama", false, choice(1));
    explanations.add("one", "mistral", true, choice(1));
    assertThat(choices("one")).isEqualTo(1);
    assertThat(Objects.requireNonNull(explanations.find("one")).pool()).isEqualTo("mistral");
  }

  @Test
  void add_tooManyRequests_oldestIsForgotten() {
    for (int i = 0; i <= Explanations.REQUESTS; i++) {
      explanations.add("r" + i, "llama", true, choice(1));
    }
    assertThat(explanations.find("r0")).isNull();
    assertThat(choices("r1")).isEqualTo(1);
    assertThat(choices("r" + Explanations.REQUESTS)).isEqualTo(1);
  }

  @Test
  void add_tooManyServers_oldestAreForgotten_andTheLatestStays() {
    int third = Explanations.SERVERS / 3;
    Explanation large = choice(third);
    for (int i = 0; i < 4; i++) {
      explanations.add("r" + i, "llama", true, large);
    }
    assertThat(explanations.find("r0")).isNull();
    assertThat(choices("r1")).isEqualTo(1);
    explanations.add("huge", "llama", true, choice(Explanations.SERVERS + 1));
    assertThat(choices("huge")).isEqualTo(1);
    assertThat(explanations.find("r3")).isNull();
  }

  @Test
  void add_fourThreads_nothingIsLost() {
    AtomicInteger thread = new AtomicInteger();
    Explanation choice = choice(1);
    Together.run(
        4,
        () -> {
          int me = thread.getAndIncrement();
          for (int i = 0; i < 50; i++) {
            explanations.add(me + "-" + i, "llama", true, choice);
            explanations.add(me + "-" + i, "llama", false, choice);
          }
          return me;
        });
    for (int i = 0; i < 200; i++) {
      assertThat(choices(i / 50 + "-" + i % 50)).isEqualTo(2);
    }
  }
}
