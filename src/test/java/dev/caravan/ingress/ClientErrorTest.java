package dev.caravan.ingress;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ClientErrorTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Property(tries = 500)
  void json_anyText_hasAllFourKeysAndTheText(
      @ForAll @CharRange(from = '\0', to = '\ud7ff') String text) throws IOException {
    ClientError error = new ClientError(400, "t", text, text, null, -1, null);
    JsonNode root = JSON.readTree(error.json());
    JsonNode inner = root.get("error");
    assertThat(root.size()).isEqualTo(1);
    assertThat(inner.fieldNames()).toIterable().containsExactly("message", "type", "param", "code");
    assertThat(inner.get("message").textValue()).isEqualTo(text);
    assertThat(inner.get("param").textValue()).isEqualTo(text);
    assertThat(inner.get("code").isNull()).isTrue();
    assertThat(inner.get("type").textValue()).isEqualTo("t");
  }

  @ParameterizedTest
  @EnumSource
  void of_everyCause_isAServersErrorWithoutItsDetail(Cause cause) {
    ClientError error = ClientError.of(new Outcome.FailedBefore(cause, "10.0.0.11 canary"));
    assertThat(error.status()).isBetween(500, 504);
    assertThat(error.message()).doesNotContain("canary").doesNotContain("10.0");
    assertThat(error.type()).isEqualTo("server_error");
  }

  @Test
  void of_credentials_saysWhoseFaultItIs() {
    ClientError error = ClientError.of(new Outcome.FailedBefore(Cause.CREDENTIALS, "status 401"));
    assertThat(error.status()).isEqualTo(502);
    assertThat(error.code()).isEqualTo("upstream_credentials");
    assertThat(error.message()).contains("gateway");
  }

  @Test
  void of_throttled_saysWhenToComeBackInWholeSeconds() {
    assertThat(ClientError.of(new Outcome.Throttled(429, 1_500)).retryAfterSeconds()).isEqualTo(2);
    assertThat(ClientError.of(new Outcome.Throttled(429, 0)).retryAfterSeconds()).isEqualTo(1);
    assertThat(ClientError.of(new Outcome.Throttled(429, -1)).retryAfterSeconds()).isEqualTo(1);
    assertThat(ClientError.of(new Outcome.Throttled(429, 999_999_999_000L)).retryAfterSeconds())
        .as("more than clients obey")
        .isEqualTo(120);
    assertThat(ClientError.unavailable("x", Long.MAX_VALUE).retryAfterSeconds()).isEqualTo(120);
    assertThat(ClientError.unavailable("x", 0).retryAfterSeconds()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "400, ",
    "404, ",
    "405, ",
    "408, ",
    "413, ",
    "429, true",
    "500, false",
    "501, false",
    "502, true",
    "503, true",
    "504, false",
    "505, false"
  })
  void shouldRetry_isSaidWhereClientsWouldGuessWrong(int status, @Nullable Boolean said) {
    ClientError error = new ClientError(status, "t", "m", null, null, -1, null);
    assertThat(error.shouldRetry()).isEqualTo(Optional.ofNullable(said));
    ByteBuf out = Unpooled.buffer();
    ClientErrors.writeHeaders(out, error);
    assertThat(out.toString(US_ASCII))
        .isEqualTo(said == null ? "" : "x-should-retry: " + said + "\r\n");
  }

  @Test
  void headers_ofAThrottledRequest_sayWhenToTheMillisecond() {
    ByteBuf out = Unpooled.buffer();
    ClientErrors.writeHeaders(out, ClientError.of(new Outcome.Throttled(429, 1_500)));
    assertThat(out.toString(US_ASCII))
        .isEqualTo("retry-after: 2\r\nretry-after-ms: 1500\r\nx-should-retry: true\r\n");
  }

  @ParameterizedTest
  @CsvSource({
    "requests, 500, true",
    "tokens, 0, true",
    "tokens, -1, false",
    "insufficient_quota, -1, false"
  })
  void ofALimit_isToComeAgainWhereThatCanHelp(String type, long retryAfterMillis, boolean again) {
    ClientError error = new ClientError(429, type, "no", null, "x", retryAfterMillis, null);
    assertThat(error.ofLimit()).isTrue();
    assertThat(error.shouldRetry()).hasValue(again);
  }
}
