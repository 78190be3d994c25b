package dev.caravan.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventBoundaryTest {

  @Test
  void isHere_beforeTheFirstByte_isTrue() {
    assertThat(new EventBoundary().isHere()).isTrue();
    assertThat(after("", 0)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "data: a\n\n",
        "data: a\r\n\r\n",
        "data: a\r\r",
        "data: a\n\r\n",
        "data: a\r\n\n",
        "data: a\r\r\n",
        "data: a\n\r",
        "data: a\r\n\r",
        "data: a\n\n\n",
        "data: a\n\ndata: b\n\n",
        ": ping\n\n",
        "\n",
        "\r\n",
        "\n\n",
      })
  void isHere_behindAnEmptyLine_isTrueForEverySplit(String stream) {
    assertEverySplit(stream, true);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "d",
        "data: a",
        "data: a\n",
        "data: a\r",
        "data: a\r\n",
        "data: a\n\ndata: b",
        "data: a\n\ndata: b\n",
        "data: a\r\n\r\ndata: b\r\n",
        "data: a\n\n:",
        "data: a\n\n ",
        "data: a\\n\\n",
      })
  void isHere_anywhereElse_isFalseForEverySplit(String stream) {
    assertEverySplit(stream, false);
  }

  @Test
  void passed_changesNothingInTheBuffer() {
    ByteBuf bytes =
        Unpooled.copiedBuffer("xxdata: a\n\nyy", StandardCharsets.US_ASCII).setIndex(2, 11);
    EventBoundary boundary = new EventBoundary();

    boundary.passed(bytes);

    assertThat(boundary.isHere()).isTrue();
    assertThat(bytes.readerIndex()).isEqualTo(2);
    assertThat(bytes.writerIndex()).isEqualTo(11);
    assertThat(bytes.refCnt()).isOne();
    bytes.release();
  }

  private static void assertEverySplit(String stream, boolean expected) {
    for (int first = 0; first <= stream.length(); first++) {
      for (int second = first; second <= stream.length(); second++) {
        assertThat(after(stream, first, second)).as("%d, %d", first, second).isEqualTo(expected);
      }
    }
    int[] everywhere = new int[stream.length()];
    for (int i = 0; i < everywhere.length; i++) {
      everywhere[i] = i;
    }
    assertThat(after(stream, everywhere)).isEqualTo(expected);
  }

  private static boolean after(String stream, int... splits) {
    EventBoundary boundary = new EventBoundary();
    byte[] bytes = stream.getBytes(StandardCharsets.US_ASCII);
    int from = 0;
    for (int split : splits) {
      boundary.passed(Unpooled.wrappedBuffer(bytes, from, split - from));
      from = split;
    }
    boundary.passed(Unpooled.wrappedBuffer(bytes, from, bytes.length - from));
    return boundary.isHere();
  }
}
