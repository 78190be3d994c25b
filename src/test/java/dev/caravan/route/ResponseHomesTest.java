package dev.caravan.route;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ResponseHomesTest {
  private final ResponseHomes homes = new ResponseHomes();

  @Test
  void server_learnt_isFound_andTheLastWordCounts() {
    assertThat(homes.server("resp_1")).isNull();
    homes.learn("resp_1", "a");
    homes.learn("resp_2", "b");
    homes.learn("resp_1", "c");
    assertThat(homes.server("resp_1")).isEqualTo("c");
    assertThat(homes.server("resp_2")).isEqualTo("b");
    assertThat(homes.server("resp_3")).isNull();
  }

  @Test
  void learn_farMoreThanFit_forgetsTheOldest_andKeepsTheNewest() {
    int many = 400_000;
    for (int i = 0; i < many; i++) {
      homes.learn("resp_" + i, "s" + i % 7);
    }
    int found = 0;
    for (int i = many - 20_000; i < many; i++) {
      String server = homes.server("resp_" + i);
      if (server != null) {
        assertThat(server).isEqualTo("s" + i % 7);
        found++;
      }
    }
    // A bucket of eight gets two and a half of the last 20,000: nine or more in one of 1,000.
    assertThat(found).isGreaterThan(19_900);
    assertThat(homes.server("resp_0")).isNull();
  }
}
