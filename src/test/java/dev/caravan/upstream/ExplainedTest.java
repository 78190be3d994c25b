package dev.caravan.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExplainedTest {
  private final Explained explained = new Explained();

  @Test
  void line_severalAttempts_standOneBehindTheOther() {
    assertThat(explained.empty()).isTrue();
    explained.add("a");
    explained.add("b");
    assertThat(explained.empty()).isFalse();
    assertThat(explained.line()).isEqualTo("a | b");
  }

  @Test
  void line_whateverIsSaid_isOneLineOfPrintableAscii() {
    explained.add("a\r\nset-cookie: x\tä\u0000\uD83D\uDE00~");
    assertThat(explained.line()).isEqualTo("a??set-cookie: x?????~");
  }

  @Test
  void line_tooLong_isCutAndSaysSo() {
    explained.add("x".repeat(Explained.MAX_LENGTH));
    assertThat(explained.line()).hasSize(Explained.MAX_LENGTH).doesNotContain("...");
    Explained more = new Explained();
    for (int i = 0; i < 10; i++) {
      more.add("y".repeat(500));
    }
    assertThat(more.line()).hasSize(Explained.MAX_LENGTH).endsWith("y...");
  }
}
