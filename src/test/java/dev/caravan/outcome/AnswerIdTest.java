package dev.caravan.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerIdTest {

  /** What a scanner finds where the text comes in parts of that size. */
  private static @Nullable String found(String text, int size) {
    AnswerId scanner = new AnswerId();
    ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    String id = null;
    for (int i = 0; i < bytes.readableBytes(); i += size) {
      String now = scanner.scan(bytes, i, Math.min(size, bytes.readableBytes() - i));
      if (now != null) {
        assertThat(id).as("told once").isNull();
        id = now;
      }
    }
    return id;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 64, 10_000})
  void scan_answerInAnyParts_findsTheFirstId(int size) {
    assertThat(found("{\"id\": \"resp_1\",\"output\":[{\"id\":\"msg_2\"}]}", size))
        .isEqualTo("resp_1");
    assertThat(
            found(
                "event: response.created\ndata: {\"type\":\"response.created\",\"response\":"
                    + "{\"id\":\"resp_3\"}}\n\n",
                size))
        .isEqualTo("resp_3");
    assertThat(found("{\"object\":\"id\",\"id\" :\n\"r\"}", size)).isEqualTo("r");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "{\"id\":null}",
        "{\"id\":5}",
        "{\"id\":\"\"}",
        "{\"id\":\"a\\\"b\"}",
        "{\"id\":\"cut",
        "{\"id\""
      })
  void scan_noId_findsNone(String text) {
    assertThat(found(text, 3)).isNull();
  }

  @Test
  void scan_farFromTheBeginning_isNotLookedFor() {
    String space = " ".repeat(AnswerId.MAX_BYTES);
    assertThat(found(space + "{\"id\":\"late\"}", 1_000)).isNull();
    assertThat(found(space.substring(100) + "{\"id\":\"soon\"}", 1_000)).isEqualTo("soon");
  }
}
