package dev.caravan.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceContextTest {
  private static final String IDS = "-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-";

  @Test
  void of_validParent_isTakenApart() {
    TraceContext context = TraceContext.of("00" + IDS + "01", "a=b,c=d");
    assertThat(context.known()).isTrue();
    assertThat(context.sampled()).isTrue();
    assertThat(context.traceId()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
    assertThat(context.spanId()).isEqualTo("00f067aa0ba902b7");
    assertThat(context.state()).isEqualTo("a=b,c=d");
    assertThat(TraceContext.of("00" + IDS + "00", null).sampled()).isFalse();
    assertThat(TraceContext.of("00" + IDS + "fe", null).sampled()).isFalse();
    assertThat(TraceContext.of("00" + IDS + "03", null).sampled()).isTrue();
    assertThat(TraceContext.of("cc" + IDS + "01", null).sampled()).isTrue();
    assertThat(TraceContext.of("cc" + IDS + "01-more", null).sampled()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "00" + IDS,
        "00" + IDS + "1",
        "00" + IDS + "01-more",
        "00" + IDS + "0g",
        "ff" + IDS + "01",
        "cc" + IDS + "01more",
        "cc" + IDS + "01-\r\nx: y",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
      })
  void of_parentThatIsNotValid_isNone(String parent) {
    assertThat(TraceContext.of(parent, "a=b")).isSameAs(TraceContext.NONE);
    assertThat(TraceContext.NONE.known()).isFalse();
    assertThat(TraceContext.NONE.sampled()).isFalse();
  }

  @Test
  void of_stateThatMustNotPass_goesAlone() {
    String parent = "00" + IDS + "01";
    assertThat(TraceContext.of(parent, "a=\u00e9").state()).isEmpty();
    assertThat(TraceContext.of(parent, "a=b\r\nx: y").state()).isEmpty();
    assertThat(TraceContext.of(parent, "a=" + "b".repeat(511)).state()).isEmpty();
    assertThat(TraceContext.of(parent, null).state()).isEmpty();
    assertThat(TraceContext.of(null, "a=b")).isSameAs(TraceContext.NONE);
  }
}
