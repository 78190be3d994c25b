package dev.caravan.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** The parser against jackson-databind, which reads the whole document. */
class RequestParserPropertyTest {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** Bytes that matter to JSON or UTF-8. */
  private static final byte[] DAMAGE =
      "\"\\{}[],: \n\0000-.eut\u0080\u00C3\u00F0\u00FF".getBytes(StandardCharsets.ISO_8859_1);

  private final RequestParser parser = new RequestParser();

  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
  void parse_randomRequest_readsWhatDatabindReads(
      @ForAll("requests") ObjectNode written, @ForAll boolean pretty, @ForAll boolean ascii)
      throws IOException, InvalidRequest {
    byte[] bytes = write(written, pretty, ascii);
    JsonNode expected = JSON.readTree(bytes);

    InferenceRequest request = parser.parse(Api.CHAT_COMPLETIONS, Unpooled.wrappedBuffer(bytes));

    assertThat(request.model()).isEqualTo(expected.path("model").textValue());
    assertThat(request.stream()).isEqualTo(expected.path("stream").booleanValue());
    assertThat(request.includeUsage())
        .isEqualTo(expected.path("stream_options").path("include_usage").booleanValue());
    assertThat(request.maxTokens())
        .isEqualTo(
            expected.path("max_completion_tokens").isInt()
                ? expected.path("max_completion_tokens").intValue()
                : expected.path("max_tokens").isInt()
                    ? expected.path("max_tokens").intValue()
                    : -1);
    ConversationKeys keys = request.conversationKeys();
    assertThat(keys.user()).isEqualTo(expected.path("user").textValue());
    assertThat(keys.promptCacheKey()).isEqualTo(expected.path("prompt_cache_key").textValue());
    assertThat(keys.previousResponseId())
        .isEqualTo(expected.path("previous_response_id").textValue());
    assertThat(keys.metadataUserId())
        .isEqualTo(expected.path("metadata").path("user_id").textValue());
    JsonNode conversation = expected.path("conversation");
    assertThat(keys.conversation())
        .isEqualTo((conversation.isObject() ? conversation.path("id") : conversation).textValue());
    if (!pretty) {
      int promptBytes =
          expected.has("messages") ? write(expected.get("messages"), false, ascii).length : 0;
      assertThat(request.promptBytes()).isEqualTo(promptBytes);
    }
    ByteBuf sent = request.bodyFor("new \"name\" 🐫");
    String patched = sent.toString(StandardCharsets.UTF_8);
    sent.release();
    assertThat(JSON.readTree(patched))
        .isEqualTo(((ObjectNode) expected).put("model", "new \"name\" 🐫"));
  }

  /** Whatever is done to a body, the parser and databind agree on whether it is JSON. */
  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
  void parse_damagedRequest_isRefusedWhereDatabindRefuses(
      @ForAll("requests") ObjectNode written, @ForAll long seed) throws IOException {
    byte[] bytes = write(written, false, false);
    Random random = new Random(seed);
    for (int round = 0; round < 50; round++) {
      assertAgreesWithDatabind(damaged(bytes, random));
    }
  }

  private void assertAgreesWithDatabind(byte[] body) {
    boolean json;
    try {
      json = JSON.readTree(body) instanceof ObjectNode;
    } catch (IOException e) {
      json = false;
    }
    try {
      parser.parse(Api.CHAT_COMPLETIONS, Unpooled.wrappedBuffer(body));
      if (json) {
        return;
      }
    } catch (InvalidRequest e) {
      assertThat(e.status()).isEqualTo(400);
      // A field of a wrong type may be seen before a mistake further on; UTF-8 is read more
      // strictly here.
      if (!json || e.param() != null || e.getMessage().contains("UTF-8")) {
        return;
      }
    }
    fail("JSON for databind: %s, body: %s", json, new String(body, StandardCharsets.UTF_8));
  }

  @Property(tries = 500)
  void promptDigest_isEqualForEqualPromptsOnly(
      @ForAll("values") JsonNode one, @ForAll("values") JsonNode other)
      throws IOException, InvalidRequest {
    byte[] first = write(one, false, false);
    byte[] second = write(other, false, false);
    long digest = digest("{\"model\":\"m\",\"messages\":", first, "}");

    assertThat(digest("{ \"user\":\"u\" , \"messages\":\t", first, " ,\"model\":\"n\"}"))
        .isEqualTo(digest);
    assertThat(digest("{\"model\":\"m\",\"messages\":", second, "}") == digest)
        .isEqualTo(Arrays.equals(first, second));
  }

  private long digest(String before, byte[] prompt, String after) throws InvalidRequest {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(before.getBytes(StandardCharsets.UTF_8));
    body.writeBytes(prompt);
    body.writeBytes(after.getBytes(StandardCharsets.UTF_8));
    return parser
        .parse(Api.CHAT_COMPLETIONS, Unpooled.wrappedBuffer(body.toByteArray()))
        .promptDigest();
  }

  /** The bytes with one replaced, one inserted, one removed, or cut. */
  private static byte[] damaged(byte[] bytes, Random random) {
    int at = random.nextInt(bytes.length);
    byte other = DAMAGE[random.nextInt(DAMAGE.length)];
    ByteArrayOutputStream damaged = new ByteArrayOutputStream();
    damaged.write(bytes, 0, at);
    int kind = random.nextInt(4);
    if (kind <= 1) {
      damaged.write(other);
    }
    if (kind <= 2) {
      int next = kind == 0 ? at : at + 1;
      damaged.write(bytes, next, bytes.length - next);
    }
    return damaged.toByteArray();
  }

  private static byte[] write(JsonNode node, boolean pretty, boolean ascii) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator generator = new JsonFactory().createGenerator(out)) {
      generator.configure(JsonWriteFeature.ESCAPE_NON_ASCII.mappedFeature(), ascii);
      if (pretty) {
        generator.useDefaultPrettyPrinter();
      }
      JSON.writeTree(generator, node);
    }
    return out.toByteArray();
  }

  @Provide
  Arbitrary<ObjectNode> requests() {
    Arbitrary<String> names =
        Arbitraries.strings()
            .withChars("abcXYZ0189-./:_ \"\\é你")
            .ofMinLength(1)
            .ofMaxLength(40)
            .filter(name -> !name.isBlank());
    Arbitrary<JsonNode> tokens =
        Arbitraries.integers().greaterOrEqual(0).map(n -> (JsonNode) NODES.numberNode(n));
    Arbitrary<Map<String, JsonNode>> known =
        Arbitraries.of(
                "stream",
                "stream_options",
                "max_tokens",
                "max_completion_tokens",
                "user",
                "prompt_cache_key",
                "previous_response_id",
                "conversation",
                "metadata",
                "messages")
            .flatMap(name -> known(name, tokens).map(value -> Tuple.of(name, value)))
            .list()
            .ofMaxSize(10)
            .map(
                list -> {
                  Map<String, JsonNode> map = new LinkedHashMap<>();
                  list.forEach(entry -> map.put(entry.get1(), entry.get2()));
                  return map;
                });
    Arbitrary<Map<String, JsonNode>> others =
        Arbitraries.maps(Arbitraries.strings().ofMaxLength(8).map(name -> "x" + name), values())
            .ofMaxSize(3);
    return Combinators.combine(names, known, others, Arbitraries.integers().between(0, 2))
        .as(
            (model, first, second, place) -> {
              ObjectNode request = NODES.objectNode();
              if (place == 0) {
                request.put("model", model);
              }
              request.setAll(first);
              if (place == 1) {
                request.put("model", model);
              }
              request.setAll(second);
              if (place == 2) {
                request.put("model", model);
              }
              return request;
            });
  }

  private Arbitrary<JsonNode> known(String name, Arbitrary<JsonNode> tokens) {
    return switch (name) {
      case "stream" ->
          Arbitraries.of(NODES.booleanNode(true), NODES.booleanNode(false), NODES.nullNode());
      case "stream_options" ->
          Arbitraries.of(true, false)
              .map(on -> (JsonNode) NODES.objectNode().put("x", 1).put("include_usage", on));
      case "max_tokens", "max_completion_tokens" -> tokens;
      case "conversation" -> Arbitraries.oneOf(texts(), objectsWith("id"), values());
      case "metadata" -> objectsWith("user_id");
      case "messages" -> values();
      default -> Arbitraries.oneOf(texts(), values());
    };
  }

  private Arbitrary<JsonNode> objectsWith(String name) {
    return Combinators.combine(texts(), values())
        .as((text, value) -> NODES.objectNode().<ObjectNode>set("x", value).set(name, text));
  }

  private Arbitrary<JsonNode> texts() {
    return Arbitraries.strings()
        .ofMaxLength(30)
        .filter(text -> !JsonText.hasUnpairedSurrogate(text))
        .map(NODES::textNode);
  }

  @Provide
  Arbitrary<JsonNode> values() {
    Arbitrary<JsonNode> scalars =
        Arbitraries.oneOf(
            texts(),
            Arbitraries.longs().map(NODES::numberNode),
            Arbitraries.doubles().map(NODES::numberNode),
            Arbitraries.of(NODES.booleanNode(true), NODES.booleanNode(false), NODES.nullNode()));
    return Arbitraries.recursive(
        () -> scalars,
        inner ->
            Arbitraries.oneOf(
                inner.list().ofMaxSize(3).map(list -> NODES.arrayNode().addAll(list)),
                Arbitraries.maps(texts().map(JsonNode::textValue), inner)
                    .ofMaxSize(3)
                    .map(map -> NODES.objectNode().<ObjectNode>setAll(map))),
        0,
        3);
  }
}
