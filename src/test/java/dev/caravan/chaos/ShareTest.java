package dev.caravan.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ShareTest {

  @Test
  void fairShare_isNoHerd_andAllOfItIs() {
    assertThat(new Share("a", 0, 40, 10, 4).ofFair()).isEqualTo(1);
    assertThat(new Share("a", 0, 40, 10, 4).herd()).isFalse();
    assertThat(new Share("a", 0, 40, 40, 4).herd()).isTrue();
    assertThat(new Share("a", 0, 40, 40, 2).herd()).isTrue();
    assertThat(new Share("a", 0, 30, 30, 3).herd()).isTrue();
  }

  @Test
  void noShare_isNoHerd() {
    assertThat(new Share("a", 0, 40, 0, 4).herd()).isFalse();
  }
}
