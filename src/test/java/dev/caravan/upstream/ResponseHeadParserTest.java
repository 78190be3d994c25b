package dev.caravan.upstream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** In the tables, {@code |} stands for CRLF; a head's empty line is added. */
class ResponseHeadParserTest {
  /** Wed, 21 Oct 2026 07:27:30 GMT. */
  private static final long NOW = 1_792_567_650_000L;

  private static ResponseHead parse(String lines) throws BadResponse {
    return ResponseHeadParser.parse(
        (lines.replace("|", "\r\n") + "\r\n\r\n").getBytes(ISO_8859_1), () -> NOW);
  }

  private static String passed(ResponseHead head) {
    ByteBuf out = Unpooled.buffer();
    head.writeLinesTo(out);
    assertThat(out.readableBytes()).isEqualTo(head.linesLength());
    return out.toString(ISO_8859_1).replace("\r\n", "|");
  }

  static Stream<Arguments> passing() {
    return Stream.of(
        arguments("HTTP/1.1 200 OK", ""),
        arguments("HTTP/1.1 200", ""),
        arguments("HTTP/1.1 200 ", ""),
        arguments("HTTP/1.1 200 All is well, indeed", ""),
        arguments("HTTP/1.1 200 \u00fc", ""),
        arguments("HTTP/1.1 200 OK|Server: vllm|Date: now", "Server: vllm|Date: now|"),
        arguments("HTTP/1.1 200 OK|a:b", "a:b|"),
        arguments("HTTP/1.1 200 OK|a:", "a:|"),
        arguments("HTTP/1.1 200 OK|a: \tb\t ", "a: \tb\t |"),
        arguments("HTTP/1.1 200 OK|a: \u00e4", "a: \u00e4|"),
        arguments("HTTP/1.1 200 OK|Set-Cookie: a|Set-Cookie: b", "Set-Cookie: a|Set-Cookie: b|"),
        arguments("HTTP/1.1 200 OK|x-request-idx: 1", "x-request-idx: 1|"),
        arguments("HTTP/1.1 200 OK|retry-after: 3", "retry-after: 3|"),
        // hop by hop
        arguments("HTTP/1.1 200 OK|TE: x|Trailer: a|Upgrade: h2c|b: c", "b: c|"),
        arguments("HTTP/1.1 200 OK|Keep-Alive: timeout=5|b: c", "b: c|"),
        arguments("HTTP/1.1 200 OK|Proxy-Authenticate: Basic|b: c", "b: c|"),
        arguments("HTTP/1.1 200 OK|Proxy-Status: x|Proxy-Connection: close|b: c", "b: c|"),
        arguments("HTTP/1.1 200 OK|Transfer-Encoding: chunked|b: c", "b: c|"),
        arguments("HTTP/1.1 200 OK|Content-Length: 5|b: c", "b: c|"),
        // what Connection names, before and behind it, in any case
        arguments("HTTP/1.1 200 OK|Foo: 1|Connection: foo|b: c|FOO: 2", "b: c|"),
        arguments("HTTP/1.1 200 OK|Connection: close, Foo ,, bar|Bar: 1|Foo: 2|b: c", "b: c|"),
        arguments("HTTP/1.1 200 OK|Connection: b|Connection: c|b: 1|c: 2|d: 3", "d: 3|"),
        arguments("HTTP/1.1 200 OK|Connection: fo|Foo: 1", "Foo: 1|"),
        // names that Caravan sets itself
        arguments("HTTP/1.1 200 OK|X-Request-Id: evil|b: c", "b: c|"),
        arguments("HTTP/1.1 200 OK|x-caravan-backend: evil|b: c", "b: c|"),
        arguments("HTTP/1.1 200 OK|x-caravan-attempts: 9|b: c", "b: c|"),
        arguments("HTTP/1.1 200 OK|X-Caravan-Pool: evil|b: c", "b: c|"),
        arguments("HTTP/1.1 200 OK|x-caravan-: 1|x-caravan-a: 2|x-caravan-ab: 3|b: c", "b: c|"),
        arguments("HTTP/1.1 200 OK|x-accel-buffering: yes|b: c", "b: c|"));
  }

  @ParameterizedTest
  @MethodSource("passing")
  void parse_goodHead_passesWhatMayPass(String lines, String expected) throws BadResponse {
    ResponseHead head = parse(lines);
    assertThat(head.status()).isEqualTo(200);
    assertThat(passed(head)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "HTTP/1.1",
        "HTTP/1.1 20",
        "HTTP/1.1 2000",
        "HTTP/1.1 2x0 OK",
        "HTTP/1.1 -20 OK",
        "HTTP/1.1  200 OK",
        "HTTP/1.1\t200 OK",
        "HTTP/1.1 099 OK",
        "HTTP/1.1 600 OK",
        "HTTP/1.1 999 OK",
        "HTTP/1.1 000 OK",
        "HTTP/1.1 101 Switching Protocols",
        "HTTP/1.2 200 OK",
        "HTTP/2.0 200 OK",
        "HTTP/0.9 200 OK",
        "http/1.1 200 OK",
        "ICY/1.1 200 OK",
        " HTTP/1.1 200 OK",
        "|HTTP/1.1 200 OK",
        "GET / HTTP/1.1",
        "{\"error\": 1}",
        "HTTP/1.1 200 OK|no colon",
        "HTTP/1.1 200 OK|: no name",
        "HTTP/1.1 200 OK|name : x",
        "HTTP/1.1 200 OK|na me: x",
        "HTTP/1.1 200 OK|n\u00e4me: x",
        "HTTP/1.1 200 OK|a: b| folded",
        "HTTP/1.1 200 OK|a: b|\tfolded",
        "HTTP/1.1 200 OK| a: b",
        "HTTP/1.1 200 OK|a: b\rc: d",
        "HTTP/1.1 200 OK|a: b\nc: d",
        "HTTP/1.1 200 OK|a: b\u0000",
        "HTTP/1.1 200 OK|a: \u0001",
        "HTTP/1.1 200 OK|a: \u001b[31m",
        "HTTP/1.1 200 OK|a: \u007f",
        "HTTP/1.1 200 O\u0007K",
        "HTTP/1.1 200 OK|content-length: ",
        "HTTP/1.1 200 OK|content-length: -1",
        "HTTP/1.1 200 OK|content-length: +1",
        "HTTP/1.1 200 OK|content-length: 0x10",
        "HTTP/1.1 200 OK|content-length: 1 1",
        "HTTP/1.1 200 OK|content-length: 5, 5",
        "HTTP/1.1 200 OK|content-length: 1e3",
        "HTTP/1.1 200 OK|content-length: \u00b2",
        "HTTP/1.1 200 OK|content-length: 9223372036854775808",
        "HTTP/1.1 200 OK|content-length: 5|content-length: 6",
        "HTTP/1.1 200 OK|content-length: 5|transfer-encoding: chunked",
        "HTTP/1.1 200 OK|transfer-encoding: chunked|content-length: 0",
        "HTTP/1.1 200 OK|transfer-encoding: chunked|transfer-encoding: chunked",
        "HTTP/1.1 200 OK|transfer-encoding: gzip, chunked",
        "HTTP/1.1 200 OK|transfer-encoding: chunked, chunked",
        "HTTP/1.1 200 OK|transfer-encoding: xchunked",
        "HTTP/1.1 200 OK|transfer-encoding: identity",
        "HTTP/1.1 200 OK|transfer-encoding:",
        "HTTP/1.1 200 OK|transfer-encoding: \"chunked\"",
        "HTTP/1.0 200 OK|transfer-encoding: chunked",
      })
  void parse_headThatMayMeanTwoThings_isRefused(String lines) {
    assertThatThrownBy(() -> parse(lines)).isInstanceOf(BadResponse.class);
  }

  @Test
  void parse_everyControlByte_isRefusedInNamesAndValues() {
    for (char c = 0; c < 128; c++) {
      if ((c < ' ' && c != '\t') || c == 127) {
        String bad = String.valueOf(c);
        assertThatThrownBy(() -> parse("HTTP/1.1 200 OK|a: x" + bad + "y"))
            .isInstanceOf(BadResponse.class);
        assertThatThrownBy(() -> parse("HTTP/1.1 200 OK|a" + bad + "b: y"))
            .isInstanceOf(BadResponse.class);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "content-length: 0, 0",
    "Content-Length: 5, 5",
    "CONTENT-LENGTH:  007, 7",
    "content-length: 5|content-length: 5, 5",
    "content-length: 999999999999999999, 999999999999999999",
    "a: b, -1",
    "transfer-encoding: Chunked, -1",
  })
  void parse_length_isWhatTheHeadSays(String lines, long length) throws BadResponse {
    assertThat(parse("HTTP/1.1 200 OK|" + lines).contentLength()).isEqualTo(length);
  }

  @ParameterizedTest
  @CsvSource({
    "HTTP/1.1 200 OK, true",
    "HTTP/1.1 200 OK|Connection: close, false",
    "HTTP/1.1 200 OK|Connection: Close, false",
    "HTTP/1.1 200 OK|Connection: keep-alive, true",
    "'HTTP/1.1 200 OK|Connection: keep-alive, close', false",
    "'HTTP/1.1 200 OK|Connection: x, CLOSE', false",
    "HTTP/1.1 200 OK|Connection: closed, true",
    "HTTP/1.0 200 OK, false",
    "HTTP/1.0 200 OK|Connection: Keep-Alive, true",
    "HTTP/1.0 200 OK|Connection: keep-alive|Connection: close, false",
  })
  void parse_keepAlive_followsVersionAndConnection(String lines, boolean kept) throws BadResponse {
    assertThat(parse(lines).keepAlive()).isEqualTo(kept);
  }

  @ParameterizedTest
  @CsvSource({
    "a: b, -1",
    "retry-after: 3, 3000",
    "Retry-After: 0, 0",
    "retry-after: 999999999, 999999999000",
    "retry-after: 9999999999, -1",
    "retry-after: -1, -1",
    "retry-after: 1.5, -1",
    "retry-after:, -1",
    "'retry-after: Wed, 21 Oct 2026 07:28:00 GMT', 30000",
    "'retry-after: Wednesday, 21-Oct-26 07:28:00 GMT', 30000",
    "'retry-after: Wed Oct 21 07:28:00 2026', 30000",
    "'retry-after: Wed, 21 Oct 2026 07:27:00 GMT', 0",
    "'retry-after: Wed, 41 Oct 2026 07:27:00 GMT', -1",
    "'date: Tue, 20 Oct 2026 07:27:59 GMT|retry-after: Tue, 20 Oct 2026 07:28:00 GMT', 1000",
    "'retry-after: Tue, 20 Oct 2026 07:28:00 GMT|Date: Tue, 20 Oct 2026 07:27:59 GMT', 1000",
    "'date: now|retry-after: Wed, 21 Oct 2026 07:28:00 GMT', 30000",
    "retry-after-ms: 1500, 1500",
    "retry-after-ms: 1500|retry-after: 2, 1500",
    "retry-after: 2|retry-after-ms: 1500, 1500",
    "retry-after-ms: soon|retry-after: 2, 2000",
    "X-Ms-Retry-After-Ms: 250|retry-after: 2, 250",
    "retry-after: soon|x-ratelimit-reset-tokens: 3s, 3000",
    "retry-after: 2|x-ratelimit-reset-tokens: 3s, 2000",
    "retry-after: 1|retry-after: 2, 1000",
  })
  void parse_retryAfter_prefersTheFinerAndIgnoresNonsense(String lines, long millis)
      throws BadResponse {
    assertThat(parse("HTTP/1.1 429 Slow|" + lines).retryAfterMillis()).isEqualTo(millis);
  }

  @ParameterizedTest
  @CsvSource({
    "-tokens: 1s, 1000",
    "-tokens: 6m0s, 360000",
    "-tokens: 120ms, 120",
    "-tokens: 1h2m3.5s, 3723500",
    "-tokens: 1d, 86400000",
    "-tokens: 0s, 0",
    "-tokens: 250us, 1",
    "-tokens-minute: 11.2, 11200",
    "-requests-day: 33011.38, 33011380",
    ": 30, 30000",
    // an instant: 45 s from now
    ": 1792567695, 45000",
    ": 1792567695000, 45000",
    ": 1792567695.25, 45250",
    ": 1692567695, 0",
    "-tokens:, -1",
    "-tokens: soon, -1",
    "-tokens: 1w, -1",
    "-tokens: s, -1",
    "-tokens: 1s2, -1",
    "-tokens: 2 s, -1",
    "-tokens: -5s, -1",
    "-tokens: .5s, -1",
    "-tokens: 5.s, -1",
    "-tokens: 1..5s, -1",
    "-tokens: 1e9, -1",
    "-tokens: 11111111111111111111111111111111111s, -1",
  })
  void parse_rateLimitReset_isReadInEveryForm(String reset, long millis) throws BadResponse {
    assertThat(parse("HTTP/1.1 429 Slow|X-RateLimit-Reset" + reset).retryAfterMillis())
        .isEqualTo(millis);
    assertThat(parse("HTTP/1.1 503 Slow|X-RateLimit-Reset" + reset).retryAfterMillis())
        .isEqualTo(-1);
  }

  @ParameterizedTest
  @CsvSource({
    // the one that is used up counts, whichever is longer
    "reset-requests: 2s|remaining-requests: 0|reset-tokens: 6s|remaining-tokens: 9, 2000",
    "remaining-requests: 5|reset-requests: 2s|remaining-tokens: 0|reset-tokens: 6s, 6000",
    // of several used up, the longest
    "reset-requests: 2s|remaining-requests: 0|reset-tokens: 6s|remaining-tokens: 0, 6000",
    // where none is said to be, the soonest
    "reset-requests: 2s|reset-tokens: 6s, 2000",
    "reset-requests: 2s|remaining-requests: 1|reset-tokens: 6s|remaining-tokens: 1, 2000",
    "remaining-requests: 0|reset-tokens: 6s, 6000",
    "remaining: 0|reset: 7, 7000",
    "limit-requests: 60, -1",
  })
  void parse_severalResets_waitsForThoseUsedUp(String lines, long millis) throws BadResponse {
    String all = "|" + lines;
    assertThat(parse("HTTP/1.1 429 Slow" + all.replace("|", "|x-ratelimit-")).retryAfterMillis())
        .isEqualTo(millis);
  }

  @Test
  void parse_floodOfRateLimits_readsTheFirstOnes() throws BadResponse {
    StringBuilder lines = new StringBuilder("HTTP/1.1 429 Slow");
    for (int i = 0; i < 200; i++) {
      lines.append("|x-ratelimit-reset-").append(i).append(": ").append(300 - i).append('s');
    }
    assertThat(parse(lines.toString()).retryAfterMillis()).isEqualTo(293_000);
  }

  @ParameterizedTest
  @CsvSource({
    "content-type: text/event-stream, true",
    "Content-Type: Text/Event-Stream; charset=utf-8, true",
    "content-type: application/json, false",
    "content-type:, false",
    "x: text/event-stream, false",
  })
  void parse_contentType_saysWhetherEventsCome(String lines, boolean events) throws BadResponse {
    assertThat(parse("HTTP/1.1 200 OK|" + lines).eventStream()).isEqualTo(events);
  }

  @ParameterizedTest
  @CsvSource({"204, true", "304, true", "200, false", "205, false"})
  void parse_bodilessStatus_hasNoBodyWhateverTheHeadSays(int status, boolean none)
      throws BadResponse {
    ResponseHead counted = parse("HTTP/1.1 " + status + " x|content-length: 5");
    assertThat(counted.contentLength()).isEqualTo(none ? 0 : 5);
    ResponseHead silent = parse("HTTP/1.1 " + status + " x");
    assertThat(silent.endsAtClose()).isEqualTo(!none);
    ResponseHead chunked = parse("HTTP/1.1 " + status + " x|transfer-encoding: chunked");
    assertThat(chunked.contentLength()).isEqualTo(none ? 0 : ResponseHead.UNKNOWN);
    assertThat(chunked.endsAtClose()).isFalse();
  }

  @Test
  void parse_manyHeaders_passesAll() throws BadResponse {
    String lines = "|h: v".repeat(10_000);
    assertThat(passed(parse("HTTP/1.1 200 OK" + lines))).isEqualTo("h: v|".repeat(10_000));
  }

  /** Each name is looked for in each line. */
  @Test
  void parse_connectionThatNamesHundreds_isRefused() throws BadResponse {
    assertThat(parse("HTTP/1.1 200 OK|connection: " + "a,".repeat(32)).status()).isEqualTo(200);
    assertThatThrownBy(() -> parse("HTTP/1.1 200 OK|connection: " + "a,".repeat(33)))
        .isInstanceOf(BadResponse.class)
        .hasMessageContaining("32");
  }

  @Test
  void parse_refusal_neverRepeatsWhatTheServerSent() {
    assertThatThrownBy(() -> parse("HTTP/1.1 200 OK|canary-4711\u0001: x"))
        .hasMessageNotContaining("4711");
  }
}
