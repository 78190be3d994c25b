package dev.caravan.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What is JSON and what is not (RFC 8259), in every place where a value may stand: the prompt, a
 * field that is skipped, and below either. Model servers differ in what they forgive; what passes
 * here must mean the same to all of them.
 */
class JsonGrammarTest {
  private final RequestParser parser = new RequestParser();

  static Stream<String> values() {
    return Stream.of(
        // Literals and numbers.
        "true",
        "false",
        "null",
        "0",
        "-0",
        "1",
        "-1",
        "1234567890123456789012345678901234567890",
        "0.5",
        "-0.0",
        "1.000000000000000000000000000000001",
        "0e1",
        "0e+1",
        "1E5",
        "1e-5",
        "1.5E+05",
        "1e00",
        "1e999999999",
        "-1e-999999999",
        "0.1e9999999999999999999",
        // Strings.
        "\"\"",
        "\" \"",
        "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0000\"",
        "\"\\uABCD\\uabcd\"",
        "\"\\uD83D\\uDC2B\"",
        "\"\\ud800\"",
        "\"\\udc2b\\ud83d\"",
        "\"\u007F\"",
        "\"\u0080\"",
        "\"é你🐫\"",
        "\"\u2028\u2029\"",
        "\"\uFFFE\uFFFF\"",
        "\"\uFEFF\"",
        "\"/* no comment */ // none\"",
        "\"]}\"",
        // Arrays and objects.
        "[]",
        "[ ]",
        "[[]]",
        "[\r\n\t 1 , [ 2 ] ]",
        "[null,true,1,\"\",{},[]]",
        "{}",
        "{ }",
        "{\"\":0}",
        "{\"a\":1,\"a\":2}",
        "{\"\\u0000\":{\"\\n\":[]}}",
        "{ \"a\" : \"b\" , \"c\" : [ ] }",
        "{\"é你🐫\":1}",
        "[" + "1,".repeat(5000) + "1]");
  }

  static Stream<String> nonValues() {
    return Stream.of(
        // Literals.
        "",
        " ",
        "True",
        "TRUE",
        "tru",
        "truee",
        "nul",
        "nulll",
        "None",
        "undefined",
        "NaN",
        "-NaN",
        "Infinity",
        "-Infinity",
        "a",
        "@",
        "é",
        "*",
        // Numbers.
        "+1",
        "-",
        "--1",
        "- 1",
        "01",
        "-01",
        "00",
        ".5",
        "-.5",
        "1.",
        "1.e1",
        "1.5.5",
        "1e",
        "1e+",
        "1e1.5",
        "1ee1",
        "1e+-1",
        "0x1F",
        "1_000",
        "1 000",
        "1a",
        "1f",
        "１",
        // Strings.
        "\"",
        "\"a",
        "\"\\\"",
        "'a'",
        "`a`",
        "\"a\"b\"",
        "\"\\a\"",
        "\"\\'\"",
        "\"\\x41\"",
        "\"\\0\"",
        "\"\\u\"",
        "\"\\u12\"",
        "\"\\u123g\"",
        "\"\\u{41}\"",
        "\"\\U0041\"",
        "\"\\ \"",
        "\"\\\n\"",
        "\"\n\"",
        "\"\r\"",
        "\"\t\"",
        "\"\u0000\"",
        "\"\u001F\"",
        "\u201Ca\u201D",
        // Arrays.
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[,]",
        "[1,,2]",
        "[1 2]",
        "[1;2]",
        "[1:2]",
        "[1]]",
        "[[1]",
        "[1}",
        "[\"a\" \"b\"]",
        "[...]",
        // Objects.
        "{",
        "{]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\",1}",
        "{\"a\" 1}",
        "{\"a\"::1}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\":1,,\"b\":2}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1;\"b\":2}",
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "{null:1}",
        "{\"a\":1}}",
        "{\"a\":{}",
        "{\"a\n\":1}",
        "{\"\\a\":1}",
        "{:1}",
        "{[]:1}",
        // Space and comments.
        "/* a */ 1",
        "1 // a",
        "1 # a",
        "\u00A01",
        "\u000B1",
        "\f1",
        "\u20601",
        "\uFEFF1",
        "\u001E1",
        "\u00001",
        "\b");
  }

  @ParameterizedTest
  @MethodSource("values")
  void parse_bodyWithAValue_isAccepted(String value) throws InvalidRequest {
    for (String body : bodiesWith(value)) {
      assertThat(parse(body).model()).isEqualTo("m");
    }
  }

  @ParameterizedTest
  @MethodSource("nonValues")
  void parse_bodyWithSomethingElse_isRefused(String something) {
    for (String body : bodiesWith(something)) {
      InvalidRequest error = catchThrowableOfType(InvalidRequest.class, () -> parse(body));
      assertThat(error).as(body).isNotNull();
      assertThat(error.status()).isEqualTo(400);
      assertThat(error.param()).isNull();
    }
  }

  private static Iterable<String> bodiesWith(String value) {
    return Stream.of(
            "{\"model\":\"m\",\"messages\":@}",
            "{\"messages\":@,\"model\":\"m\"}",
            "{\"model\":\"m\",\"messages\":[@]}",
            "{\"other\":@,\"model\":\"m\"}",
            "{\"other\":[0,@],\"model\":\"m\"}",
            "{\"other\":{\"a\":@,\"b\":0},\"model\":\"m\"}",
            "{\"metadata\":{\"a\":@},\"model\":\"m\"}",
            "{\"model\":\"m\",\"conversation\":{\"a\":@}}",
            "{\"model\":\"m\",\"stream_options\":{\"a\":@}}")
        // An array without its first element is no mistake of the kind that is tested here.
        .filter(body -> !(value.isBlank() && body.contains("[@]")))
        .map(body -> body.replace("@", value))
        .toList();
  }

  private InferenceRequest parse(String body) throws InvalidRequest {
    return parser.parse(
        Api.CHAT_COMPLETIONS, Unpooled.wrappedBuffer(body.getBytes(StandardCharsets.UTF_8)));
  }
}
