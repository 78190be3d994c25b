package dev.caravan.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The scanner against a parser that reads all of the answer. */
class UsageScannerPropertyTest {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final ObjectMapper JSON = new ObjectMapper();

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void scan_randomStream_findsWhatAFullParseFinds(
      @ForAll("documents") @Size(max = 12) List<JsonNode> documents,
      @ForAll boolean pretty,
      @ForAll @IntRange(min = 1, max = 300) int longestPart,
      @ForAll boolean direct,
      @ForAll long seed)
      throws IOException {
    StringBuilder stream = new StringBuilder();
    List<JsonNode> found = new ArrayList<>();
    for (JsonNode document : documents) {
      String json = pretty ? document.toPrettyString() : document.toString();
      stream.append("data: ").append(json).append("\n\n");
      collect(JSON.readTree(json), found);
    }
    Usage expected = found.isEmpty() ? Usage.UNKNOWN : usage(found.get(found.size() - 1));

    UsageScanner scanner = new UsageScanner();
    byte[] bytes = stream.toString().getBytes(StandardCharsets.UTF_8);
    Random random = new Random(seed);
    int from = 0;
    while (from < bytes.length) {
      int length = Math.min(1 + random.nextInt(longestPart), bytes.length - from);
      ByteBuf part = (direct ? Unpooled.directBuffer(length) : Unpooled.buffer(length));
      scanner.scan(part.writeBytes(bytes, from, length));
      part.release();
      from += length;
    }

    assertThat(scanner.usage()).isEqualTo(expected);
    assertThat(scanner.events()).isEqualTo(documents.size());
  }

  /** The values of every "usage" that is an object, outermost ones only, as written. */
  private static void collect(JsonNode node, List<JsonNode> found) {
    if (node.isArray()) {
      node.forEach(element -> collect(element, found));
    } else if (node.isObject()) {
      node.properties()
          .forEach(
              field -> {
                if (field.getKey().equals("usage") && field.getValue().isObject()) {
                  found.add(field.getValue());
                } else {
                  collect(field.getValue(), found);
                }
              });
    }
  }

  private static Usage usage(JsonNode object) {
    return new Usage(
        count(object.path("prompt_tokens")),
        count(object.path("completion_tokens")),
        count(object.path("prompt_tokens_details").path("cached_tokens")));
  }

  private static long count(JsonNode node) {
    return node.isIntegralNumber() && node.longValue() >= 0 ? node.longValue() : -1;
  }

  @Provide
  Arbitrary<List<JsonNode>> documents() {
    Arbitrary<String> names =
        Arbitraries.of(
            "usage",
            "Usage",
            "\"usage",
            "usage\"",
            "\"usage\"",
            "\\usage",
            "g",
            "agg",
            "content",
            "prompt_tokens",
            "completion_tokens",
            "prompt_tokens_details",
            "cached_tokens");
    Arbitrary<String> texts =
        Arbitraries.oneOf(
            names,
            Arbitraries.of(
                "\"usage\":{\"prompt_tokens\":9}",
                "\\\"usage\": {",
                "}\"usage\":",
                "{",
                "}",
                "\n\n",
                "\r",
                "\\",
                "\"",
                "going",
                "gguf 🐫 usage"),
            Arbitraries.strings().ofMaxLength(20));
    Arbitrary<JsonNode> scalars =
        Arbitraries.oneOf(
            texts.map(NODES::textNode),
            Arbitraries.integers().map(NODES::numberNode),
            Arbitraries.of(NODES.nullNode(), NODES.booleanNode(true), NODES.numberNode(1.5)));
    Arbitrary<JsonNode> values =
        Arbitraries.recursive(
            () -> scalars,
            inner ->
                Arbitraries.oneOf(
                    inner.list().ofMaxSize(3).map(list -> NODES.arrayNode().addAll(list)),
                    Arbitraries.maps(names, inner)
                        .ofMaxSize(4)
                        .map(map -> NODES.objectNode().<ObjectNode>setAll(map))),
            1,
            4);
    return values.list();
  }
}
