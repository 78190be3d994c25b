package dev.caravan.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestParserTest {
  private final RequestParser parser = new RequestParser();

  @Test
  void parse_fullRequest_readsEveryField() throws InvalidRequest {
    InferenceRequest request =
        parse(
            """
            {"model": "llama-3.1-8b", "messages": [{"role": "user", "content": "Hi"}],
             "stream": true, "stream_options": {"include_usage": true}, "max_tokens": 100,
             "temperature": 0.7, "user": "u1", "metadata": {"team": "a", "user_id": "m1"},
             "prompt_cache_key": "k1", "previous_response_id": "r1", "conversation": {"id": "c1"}}
            """);

    assertThat(request.model()).isEqualTo("llama-3.1-8b");
    assertThat(request.stream()).isTrue();
    assertThat(request.includeUsage()).isTrue();
    assertThat(request.maxTokens()).isEqualTo(100);
    assertThat(request.promptBytes())
        .isEqualTo("[{\"role\": \"user\", \"content\": \"Hi\"}]".length());
    assertThat(request.conversationKeys())
        .isEqualTo(new ConversationKeys("k1", "r1", "c1", "m1", "u1"));
  }

  @Test
  void parse_modelAlone_leavesTheRestUnset() throws InvalidRequest {
    InferenceRequest request = parse("{\"model\":\"m\"}");

    assertThat(request.stream()).isFalse();
    assertThat(request.includeUsage()).isFalse();
    assertThat(request.maxTokens()).isEqualTo(-1);
    assertThat(request.promptBytes()).isZero();
    assertThat(request.promptDigest()).isZero();
    assertThat(request.conversationKeys()).isSameAs(ConversationKeys.NONE);
  }

  @Test
  void parse_nulls_areAbsent() throws InvalidRequest {
    InferenceRequest request =
        parse(
            """
            {"model":"m","stream":null,"stream_options":null,"max_tokens":null,"user":null,
             "max_completion_tokens":null,"metadata":null,"conversation":null}""");

    assertThat(request.stream()).isFalse();
    assertThat(request.includeUsage()).isFalse();
    assertThat(request.maxTokens()).isEqualTo(-1);
    assertThat(request.conversationKeys()).isEqualTo(ConversationKeys.NONE);
  }

  @Test
  void parse_fieldsBelowTheRoot_areNotMistakenForItsOwn() throws InvalidRequest {
    InferenceRequest request =
        parse(
            """
            {"tools":[{"model":"x","stream":true,"max_tokens":"x"}],"model":"m",
             "extra":{"user":"x","metadata":{"user_id":"x"},"messages":[1]}}""");

    assertThat(request.model()).isEqualTo("m");
    assertThat(request.stream()).isFalse();
    assertThat(request.promptBytes()).isZero();
    assertThat(request.conversationKeys()).isEqualTo(ConversationKeys.NONE);
  }

  @Test
  void parse_nestedFieldsOfNestedObjects_areNotRead() throws InvalidRequest {
    InferenceRequest request =
        parse(
            """
            {"model":"m","metadata":{"inner":{"user_id":"x"}},"conversation":{"a":[{"id":"x"}]},
             "stream_options":{"a":{"include_usage":true}}}""");

    assertThat(request.conversationKeys()).isEqualTo(ConversationKeys.NONE);
    assertThat(request.includeUsage()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"max_tokens\":5,\"max_completion_tokens\":7,\"model\":\"m\"}",
        "{\"max_completion_tokens\":7,\"max_tokens\":5,\"model\":\"m\"}",
        "{\"max_completion_tokens\":7,\"max_tokens\":null,\"model\":\"m\"}",
        "{\"max_completion_tokens\":null,\"max_tokens\":7,\"model\":\"m\"}",
        "{\"max_tokens\":3,\"max_tokens\":7,\"model\":\"m\"}",
      })
  void parse_bothTokenLimits_theNewerNameWinsOverTheOlderAndTheLastOverTheFirst(String body)
      throws InvalidRequest {
    assertThat(parse(body).maxTokens()).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1", "2147483647", "-0"})
  void parse_tokenLimitInRange_isRead(String number) throws InvalidRequest {
    assertThat(parse("{\"model\":\"m\",\"max_tokens\":" + number + "}").maxTokens())
        .isEqualTo(Integer.parseInt(number));
  }

  @Test
  void parse_conversationAsString_isRead() throws InvalidRequest {
    assertThat(parse("{\"model\":\"m\",\"conversation\":\"c\"}").conversationKeys().conversation())
        .isEqualTo("c");
  }

  @ParameterizedTest
  @ValueSource(strings = {"5", "true", "[\"x\"]", "[{\"id\":\"x\",\"user_id\":\"x\"}]"})
  void parse_conversationFieldsOfOtherTypes_areLeftToTheServer(String value) throws InvalidRequest {
    InferenceRequest request =
        parse(
            "{\"model\":\"m\",\"user\":V,\"metadata\":V,\"conversation\":V,\"prompt_cache_key\":V}"
                .replace("V", value));

    assertThat(request.conversationKeys()).isEqualTo(ConversationKeys.NONE);
  }

  @Test
  void parse_longConversationKeys_areCut() throws InvalidRequest {
    int max = ConversationKeys.MAX_LENGTH;
    assertThat(userOf("x".repeat(max))).isEqualTo("x".repeat(max));
    assertThat(userOf("x".repeat(max + 1))).isEqualTo("x".repeat(max));
    assertThat(userOf("ü".repeat(1 << 20))).isEqualTo("ü".repeat(max));
    // A pair that does not fit whole is left out, raw or escaped.
    assertThat(userOf("x".repeat(max - 1) + "🐫")).isEqualTo("x".repeat(max - 1));
    assertThat(userOf("x".repeat(max - 1) + "\\ud83d\\udc2b")).isEqualTo("x".repeat(max - 1));
    assertThat(userOf("x".repeat(max - 2) + "🐫y")).isEqualTo("x".repeat(max - 2) + "🐫");
  }

  @Test
  void parse_conversationKeyWithUnpairedSurrogates_getsReplacements() throws InvalidRequest {
    assertThat(userOf("a\\ud83d\\ud83d\\udc2bb\\udc2b")).isEqualTo("a\uFFFD🐫b\uFFFD");
  }

  @Test
  void parse_escapes_areDecoded() throws InvalidRequest {
    assertThat(userOf("\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u4F60é你🐫"))
        .isEqualTo("\"\\/\b\f\n\r\té你é你🐫");
  }

  @Test
  void parse_escapedFieldName_isTheSameField() throws InvalidRequest {
    assertThat(parse("{\"mod\\u0065l\":\"m\"}").model()).isEqualTo("m");
  }

  @Test
  void parse_promptOfEachApi_isMeasuredAsWritten() throws InvalidRequest {
    assertThat(
            parser
                .parse(Api.COMPLETIONS, utf8("{\"prompt\" : \"Hé\\n\" , \"model\":\"m\"}"))
                .promptBytes())
        .isEqualTo(7);
    assertThat(
            parser.parse(Api.EMBEDDINGS, utf8("{\"model\":\"m\",\"input\":[1,2]\n}")).promptBytes())
        .isEqualTo(5);
    assertThat(parser.parse(Api.EMBEDDINGS, utf8("{\"model\":\"m\",\"input\":12}")).promptBytes())
        .isEqualTo(2);
    assertThat(
            parser
                .parse(Api.EMBEDDINGS, utf8("{\"model\":\"m\",\"input\": null\r\n}"))
                .promptBytes())
        .isEqualTo(4);
    assertThat(
            parser
                .parse(Api.CHAT_COMPLETIONS, utf8("{\"messages\":[],\"model\":\"m\"}"))
                .promptBytes())
        .isEqualTo(2);
  }

  @Test
  void parse_promptThatEndsInSeparators_keepsThemOutOfTheSpanOnlyOutsideTheValue()
      throws InvalidRequest {
    assertThat(
            parser
                .parse(Api.COMPLETIONS, utf8("{\"prompt\":\", \" ,\"model\":\"m\"}"))
                .promptBytes())
        .isEqualTo(4);
  }

  @Test
  void promptDigest_dependsOnThePromptAlone() throws InvalidRequest {
    long digest = parse("{\"model\":\"m\",\"messages\":[{\"content\":\"a\"}]}").promptDigest();

    assertThat(
            parse("{\"user\":\"u\",\"messages\" : [{\"content\":\"a\"}] ,\"model\":\"n\"}")
                .promptDigest())
        .isEqualTo(digest);
    assertThat(parse("{\"model\":\"m\",\"messages\":[{\"content\":\"b\"}]}").promptDigest())
        .isNotEqualTo(digest);
    assertThat(parse("{\"model\":\"m\",\"messages\":[{\"content\":\"a\"} ]}").promptDigest())
        .isNotEqualTo(digest);
  }

  static Stream<Arguments> bodiesThatAreNoObject() {
    return Stream.of(
        arguments("", "empty"),
        arguments("  \r\n\t ", "empty"),
        arguments("[]", "an array"),
        arguments("\"model\"", "a string"),
        arguments("12", "a number"),
        arguments("1e999999999", "a number"),
        arguments("true", "a boolean"),
        arguments("null", "null"),
        arguments("model=m&prompt=hi", "not valid JSON"),
        arguments("<xml/>", "not valid JSON"),
        arguments("{\"model\":\"m\"", "ends too early"),
        arguments("{\"model\":\"m", "ends too early"),
        arguments("{\"model\":\"m\"}}", "not valid JSON"),
        arguments("{\"model\":\"m\"}{}", "goes on behind"),
        arguments("{\"model\":\"m\"} {\"model\":\"m\"}", "goes on behind"),
        arguments("{\"model\":\"m\"} x", "not valid JSON"),
        arguments("{\"model\":\"m\"}\u0000", "not valid JSON"),
        arguments("{\"model\":\"m\"},", "not valid JSON"),
        arguments("{'model':'m'}", "not valid JSON"),
        arguments("{model:\"m\"}", "not valid JSON"),
        arguments("\u0000{\"model\":\"m\"}", "NUL at byte 0"),
        arguments("{\"model\":\"m\u0000\"}", "not valid JSON"),
        arguments("\uFEFF{\"model\":\"m\"}", "byte order mark"),
        arguments("data: {\"model\":\"m\"}", "not valid JSON"));
  }

  @ParameterizedTest
  @MethodSource("bodiesThatAreNoObject")
  void parse_noObject_saysWhatIsWrong(String body, String reason) {
    InvalidRequest error = refused(utf8(body));

    assertThat(error).hasMessageContaining(reason);
    assertThat(error.status()).isEqualTo(400);
    assertThat(error.param()).isNull();
  }

  @Test
  void parse_syntaxError_namesItsPlace() {
    assertThat(refused(utf8("{\"model\":\"m\",\n\"a\": tru }")))
        .hasMessageMatching(".* line 2, byte \\d+ of the body\\.");
  }

  static Stream<Arguments> wrongFields() {
    String missing = "missing_required_parameter";
    String type = "invalid_type";
    return Stream.of(
        arguments("{}", "model", missing),
        arguments("{\"Model\":\"m\"}", "model", missing),
        arguments("{\"messages\":[{\"model\":\"m\"}]}", "model", missing),
        arguments("{\"model\":null}", "model", missing),
        arguments("{\"model\":5}", "model", type),
        arguments("{\"model\":true}", "model", type),
        arguments("{\"model\":[\"m\"]}", "model", type),
        arguments("{\"model\":{\"id\":\"m\"}}", "model", type),
        arguments("{\"model\":\"\"}", "model", "invalid_value"),
        arguments("{\"model\":\"  \"}", "model", "invalid_value"),
        arguments("{\"model\":\"a\\u0000b\"}", "model", "invalid_value"),
        arguments("{\"model\":\"a\\nb\"}", "model", "invalid_value"),
        arguments("{\"model\":\"a\u0085b\"}", "model", "invalid_value"),
        arguments("{\"model\":\"\\ud800\"}", "model", "invalid_value"),
        arguments("{\"model\":\"\\udc00\\ud800\"}", "model", "invalid_value"),
        arguments("{\"model\":\"a\\ud83dx\"}", "model", "invalid_value"),
        arguments("{\"model\":\"" + "m".repeat(257) + "\"}", "model", "string_above_max_length"),
        arguments(
            "{\"model\":\"" + "\\u006d".repeat(257) + "\"}", "model", "string_above_max_length"),
        arguments("{\"model\":\"" + "m".repeat(256) + "🐫\"}", "model", "string_above_max_length"),
        arguments("{\"model\":\"" + "m".repeat(255) + "🐫\"}", "model", "string_above_max_length"),
        arguments(
            "{\"model\":\"" + "m".repeat(1 << 20) + "\"}", "model", "string_above_max_length"),
        arguments("{\"model\":\"m\",\"model\":\"m\"}", "model", null),
        arguments("{\"model\":\"m\",\"mod\\u0065l\":\"n\"}", "model", null),
        arguments("{\"model\":\"m\",\"stream\":\"true\"}", "stream", type),
        arguments("{\"model\":\"m\",\"stream\":1}", "stream", type),
        arguments("{\"model\":\"m\",\"stream\":{}}", "stream", type),
        arguments("{\"model\":\"m\",\"stream_options\":true}", "stream_options", type),
        arguments("{\"model\":\"m\",\"stream_options\":[]}", "stream_options", type),
        arguments(
            "{\"model\":\"m\",\"stream_options\":{\"include_usage\":\"yes\"}}",
            "stream_options.include_usage",
            type),
        arguments("{\"model\":\"m\",\"max_tokens\":\"5\"}", "max_tokens", type),
        arguments("{\"model\":\"m\",\"max_tokens\":5.5}", "max_tokens", type),
        arguments("{\"model\":\"m\",\"max_tokens\":5.0}", "max_tokens", type),
        arguments("{\"model\":\"m\",\"max_tokens\":1e3}", "max_tokens", type),
        arguments("{\"model\":\"m\",\"max_tokens\":1e999999999}", "max_tokens", type),
        arguments("{\"model\":\"m\",\"max_tokens\":true}", "max_tokens", type),
        arguments("{\"model\":\"m\",\"max_tokens\":[5]}", "max_tokens", type),
        arguments("{\"model\":\"m\",\"max_tokens\":-1}", "max_tokens", "integer_below_min_value"),
        arguments(
            "{\"model\":\"m\",\"max_tokens\":-" + "9".repeat(900) + "}",
            "max_tokens",
            "integer_below_min_value"),
        arguments(
            "{\"model\":\"m\",\"max_tokens\":2147483648}", "max_tokens", "integer_above_max_value"),
        arguments(
            "{\"model\":\"m\",\"max_tokens\":99999999999999999999}",
            "max_tokens",
            "integer_above_max_value"),
        arguments(
            "{\"model\":\"m\",\"max_completion_tokens\":-7}",
            "max_completion_tokens",
            "integer_below_min_value"));
  }

  @ParameterizedTest
  @MethodSource("wrongFields")
  void parse_wrongField_namesIt(String body, String param, @Nullable String code) {
    InvalidRequest error = refused(utf8(body));

    assertThat(error.status()).isEqualTo(400);
    assertThat(error.param()).isEqualTo(param);
    assertThat(error.code()).isEqualTo(code);
    assertThat(error.getMessage()).hasSizeLessThan(160).contains(param);
    assertThat(error.getStackTrace()).isEmpty();
  }

  @Test
  void parse_modelOf256Characters_isAccepted() throws InvalidRequest {
    assertThat(parse("{\"model\":\"" + "m".repeat(254) + "🐫\"}").model()).hasSize(256);
    assertThat(parse("{\"model\":\"" + "\\u006d".repeat(256) + "\"}").model()).hasSize(256);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"model\":\"SECRET\",\"a\":SECRET}",
        "{\"model\":\"SECRET\",\"SECRET\":1,}",
        "{\"model\":\"SECRET\",\"stream\":\"SECRET\"}",
        "{\"model\":\"m\",\"model\":\"SECRET\"}",
        "SECRET",
        "{\"SECRET\":\"SECRET\"}",
        "{\"model\":\"\\SECRET\"}",
      })
  void parse_refused_neverQuotesTheClient(String body) {
    assertThat(refused(utf8(body)).getMessage()).doesNotContain("SECRET");
  }

  static Stream<Arguments> encodings() {
    return Stream.of(
        arguments(StandardCharsets.UTF_16BE),
        arguments(StandardCharsets.UTF_16LE),
        arguments(StandardCharsets.UTF_16),
        arguments(Charset.forName("UTF-32BE")),
        arguments(Charset.forName("UTF-32LE")),
        arguments(Charset.forName("IBM037")));
  }

  @ParameterizedTest
  @MethodSource("encodings")
  void parse_otherEncoding_isRefused(Charset encoding) {
    byte[] body = "{\"model\":\"m\",\"messages\":[]}".getBytes(encoding);

    assertThat(refused(Unpooled.wrappedBuffer(body)).status()).isEqualTo(400);
  }

  static Stream<Arguments> illFormedUtf8() {
    return Stream.of(
        arguments("lone continuation", new byte[] {(byte) 0x80}),
        arguments("overlong slash, 2 bytes", new byte[] {(byte) 0xC0, (byte) 0xAF}),
        arguments("overlong slash, 3 bytes", new byte[] {(byte) 0xE0, (byte) 0x80, (byte) 0xAF}),
        arguments("encoded surrogate", new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80}),
        arguments(
            "above U+10FFFF", new byte[] {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80}),
        arguments("truncated", new byte[] {(byte) 0xE4, (byte) 0xBD}),
        arguments("Latin-1", "Grüße".getBytes(StandardCharsets.ISO_8859_1)),
        arguments("FF", new byte[] {(byte) 0xFF}));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("illFormedUtf8")
  void parse_illFormedUtf8_isRefusedAnywhere(String name, byte[] bytes) {
    String[] bodies = {
      "{\"model\":\"@\"}",
      "{\"model\":\"m\",\"messages\":[{\"content\":\"@\"}]}",
      "{\"model\":\"m\",\"@\":1}",
      "{\"model\":\"m\",\"a\":\"@\"}",
    };
    for (String body : bodies) {
      int at = body.indexOf('@');
      ByteArrayOutputStream raw = new ByteArrayOutputStream();
      raw.writeBytes(body.substring(0, at).getBytes(StandardCharsets.UTF_8));
      raw.writeBytes(bytes);
      raw.writeBytes(body.substring(at + 1).getBytes(StandardCharsets.UTF_8));
      assertThat(refused(Unpooled.wrappedBuffer(raw.toByteArray())))
          .as(name)
          .hasMessageContaining("not valid UTF-8 at byte");
    }
  }

  @Test
  void parse_depth_isLimitedInEveryField() throws InvalidRequest {
    for (String field : new String[] {"messages", "other", "stream_options", "metadata"}) {
      String open = field.equals("messages") || field.equals("other") ? "[" : "{\"a\":";
      String inner = open.equals("[") ? "]" : "}";
      int allowed = RequestParser.MAX_DEPTH - 1;
      String start = "{\"model\":\"m\",\"" + field + "\":";
      assertThat(
              parse(
                  start + open.repeat(allowed - 1) + open.charAt(0) + inner.repeat(allowed) + "}"))
          .isNotNull();
      assertThat(
              refused(
                  utf8(
                      start
                          + open.repeat(allowed)
                          + open.charAt(0)
                          + inner.repeat(allowed + 1)
                          + "}")))
          .hasMessageContaining("nested more than 100 levels");
    }
  }

  @Test
  @Timeout(10)
  void parse_hostileBodies_areRefusedQuickly() {
    assertQuick(
        "{\"model\":\"m\",\"messages\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}",
        "levels");
    assertQuick("{\"model\":\"m\",\"messages\":" + "[".repeat(1_000_000), "levels");
    assertQuick("[".repeat(1_000_000), "an array");
    assertQuick("{\"a\":".repeat(200_000), "levels");
    assertQuick("{\"model\":\"m\",\"max_tokens\":" + "9".repeat(100_000) + "}", "number");
    assertQuick("{\"model\":\"m\",\"temperature\":" + "9".repeat(100_000) + "}", "number");
    assertQuick("{\"model\":\"m\",\"messages\":[" + "9".repeat(1_000_000) + "]}", "number");
    assertQuick("{\"model\":\"m\",\"a\":0." + "9".repeat(100_000) + "}", "number");
    assertQuick("{\"model\":\"m\",\"a\":1e" + "9".repeat(100_000) + "}", "number");
    assertQuick("{\"model\":\"m\",\"" + "n".repeat(100_000) + "\":1}", "field names");
    assertQuick("{\"model\":\"m\",\"a\":{\"" + "n".repeat(100_000) + "\":1}}", "field names");
  }

  @Test
  void parse_longStringsAndManyFields_areNoMistake() throws InvalidRequest {
    StringBuilder many = new StringBuilder("{\"model\":\"m\",\"logit_bias\":{\"-1\":0");
    for (int i = 0; i < 50_000; i++) {
      many.append(",\"").append(i).append("\":1e999999999");
    }
    assertThat(parse(many + "},\"stream\":true}").stream()).isTrue();
    assertThat(parse("{\"a\":\"" + "x".repeat(30_000_000) + "\",\"model\":\"m\"}").model())
        .isEqualTo("m");
  }

  @Test
  void message_isNeverNull() {
    assertThatThrownBy(() -> parse("{}")).isInstanceOf(InvalidRequest.class).message().isNotBlank();
  }

  private void assertQuick(String body, String reason) {
    ByteBuf bytes = utf8(body);
    // Linear work on 1 MB takes milliseconds; what is quadratic takes minutes.
    InvalidRequest error = assertTimeout(Duration.ofSeconds(2), () -> refused(bytes));
    assertThat(error).hasMessageContaining(reason);
  }

  private InferenceRequest parse(String body) throws InvalidRequest {
    return parser.parse(Api.CHAT_COMPLETIONS, utf8(body));
  }

  private String userOf(String json) throws InvalidRequest {
    return String.valueOf(
        parse("{\"user\":\"" + json + "\",\"model\":\"m\"}").conversationKeys().user());
  }

  private InvalidRequest refused(ByteBuf body) {
    return catchThrowableOfType(
        InvalidRequest.class, () -> parser.parse(Api.CHAT_COMPLETIONS, body));
  }

  private static ByteBuf utf8(String text) {
    return Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8));
  }
}
