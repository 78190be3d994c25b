package dev.caravan.request;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** JSONTestSuite, each case as a whole body and as a field of one: skipped, and as the prompt. */
class JsonSuiteTest {
  private static final int ACCEPTED = 95;
  private static final int REFUSED = 174;
  private static final int EITHER = 22;
  private static final int NO_UTF8 = 25;

  private final RequestParser parser = new RequestParser();

  private record Case(String name, String input) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> cases() throws Exception {
    try (InputStream in = JsonSuiteTest.class.getResourceAsStream("/jsontestsuite/cases.json")) {
      JsonNode all = new ObjectMapper().readTree(Objects.requireNonNull(in));
      return StreamSupport.stream(all.spliterator(), false)
          .map(one -> new Case(one.path("name").asText(), one.path("input").asText()));
    }
  }

  /**
   * The cases whose bytes are no UTF-8; none of them may be read, those with {@code i_} neither.
   */
  static Stream<Case> bytes() throws Exception {
    try (InputStream in = JsonSuiteTest.class.getResourceAsStream("/jsontestsuite/bytes.json")) {
      JsonNode all = new ObjectMapper().readTree(Objects.requireNonNull(in));
      return StreamSupport.stream(all.spliterator(), false)
          .map(one -> new Case(one.path("name").asText(), one.path("hex").asText()));
    }
  }

  private boolean accepts(byte[] bytes) {
    ByteBuf body = Unpooled.wrappedBuffer(bytes);
    try {
      parser.parse(Api.CHAT_COMPLETIONS, body);
      return true;
    } catch (InvalidRequest refused) {
      assertThat(refused.status()).isEqualTo(400);
      assertThat(refused.getMessage()).doesNotContain("Exception", "com.", "line:");
      return false;
    } finally {
      body.release();
    }
  }

  @Test
  void cases_areAllHere() throws Exception {
    assertThat(cases().filter(one -> one.name.startsWith("y_"))).hasSize(ACCEPTED);
    assertThat(cases().filter(one -> one.name.startsWith("n_"))).hasSize(REFUSED);
    assertThat(cases().filter(one -> one.name.startsWith("i_"))).hasSize(EITHER);
    assertThat(bytes().map(one -> one.name).distinct()).hasSize(NO_UTF8);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void parse_aCase(Case one) {
    // A case that begins or ends an own object would complete this one.
    for (String around :
        new String[] {
          "{\"model\":\"m\",\"x\":[@]}",
          "{\"x\":@,\"model\":\"m\"}",
          "{\"model\":\"m\",\"messages\":@}"
        }) {
      if (one.input.isBlank() && around.contains("[@]")) {
        continue;
      }
      boolean accepted = accepts(around.replace("@", one.input).getBytes(UTF_8));
      if (one.name.startsWith("y_")) {
        assertThat(accepted).as(around).isTrue();
      } else if (one.name.startsWith("n_") && !completes(one.input, around)) {
        assertThat(accepted).as(around).isFalse();
      }
    }
    boolean whole = accepts(one.input.getBytes(UTF_8));
    if (one.name.startsWith("n_")) {
      assertThat(whole).isFalse();
    }
  }

  @ParameterizedTest
  @MethodSource("bytes")
  void parse_aCaseThatIsNoUtf8_isRefused_whereverItStands(Case one) {
    String raw = new String(HexFormat.of().parseHex(one.input), ISO_8859_1);
    for (String around :
        new String[] {
          "@",
          "{\"model\":\"m\",\"x\":@}",
          "{\"x\":[@],\"model\":\"m\"}",
          "{\"model\":\"m\",\"messages\":@}"
        }) {
      assertThat(accepts(around.replace("@", raw).getBytes(ISO_8859_1))).as(around).isFalse();
    }
  }

  /** Whether the case is no JSON by itself, and is where it stands: {@code 1,1} in an array. */
  private static boolean completes(String input, String around) {
    try {
      new ObjectMapper()
          .enable(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .readTree(around.replace("@", input));
      return true;
    } catch (java.io.IOException noJson) {
      return false;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{\"\":", "[{\"\":"})
  void parse_aHundredThousandLevels_isRefused(String level) {
    String deep = level.repeat(100_000);
    assertThat(accepts(deep.getBytes(UTF_8))).isFalse();
    assertThat(accepts(("{\"model\":\"m\",\"x\":" + deep).getBytes(UTF_8))).isFalse();
    assertThat(accepts(("{\"model\":\"m\",\"messages\":" + deep).getBytes(UTF_8))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\u00e9",
        "\u00ff",
        "\u0081",
        "\u00c0\u00af",
        "\u00e0\u0080\u00af",
        "\u00ed\u00a0\u0080",
        "\u00f4\u0090\u0080\u0080",
        "\u00fc\u0083\u00bf\u00bf\u00bf\u00bf",
        "\u00e0\u00ff",
        "\u00f0\u009d"
      })
  void parse_bytesThatAreNoUtf8_areRefused(String bytes) {
    for (String around :
        new String[] {
          "{\"model\":\"m\",\"x\":\"@\"}",
          "{\"model\":\"m\",\"x\":@}",
          "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"@\"}]}",
          "{\"model\":\"m\",\"@\":1}",
          "{\"model\":\"@\"}"
        }) {
      assertThat(accepts(around.replace("@", bytes).getBytes(ISO_8859_1))).as(around).isFalse();
    }
  }
}
