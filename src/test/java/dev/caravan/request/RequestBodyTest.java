package dev.caravan.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The parser and {@link InferenceRequest#bodyFor} over every kind of buffer. */
class RequestBodyTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String FIRST =
      "{\"model\":\"llama\",\"messages\":[{\"content\":\"Grüße 🐫\"}]}";
  private static final String LAST =
      "{\"a\":\"你好🐫é\",\"messages\":[ ],\"user\":\"ü\" , \"model\" : \"llama\" }";
  private static final String MIDDLE =
      "\n{\n  \"é\\u00e9\" : [1, {\"model\": \"no\"}],\r\n\t\"model\"\t:\n\"ll\\u0061ma\"\n,\n  \"messages\": [\n]\n}\r\n";
  private static final List<String> BODIES = List.of(FIRST, LAST, MIDDLE);

  private static final List<String> NAMES =
      List.of(
          "m",
          "meta-llama/Llama-3.1-8B-Instruct",
          "with \"quotes\" and \\ and \n and \u0001",
          "modèle-你好-🐫",
          "x".repeat(5000));

  /** Ways in which the same bytes may lie in memory. Every buffer must be released once. */
  @SuppressWarnings("ImmutableEnumChecker") // Stateless functions.
  enum Kind {
    HEAP(bytes -> Unpooled.wrappedBuffer(bytes)),
    POOLED_HEAP(bytes -> PooledByteBufAllocator.DEFAULT.heapBuffer().writeBytes(bytes)),
    DIRECT(bytes -> PooledByteBufAllocator.DEFAULT.directBuffer().writeBytes(bytes)),
    READ_ONLY(bytes -> Unpooled.wrappedBuffer(bytes).asReadOnly()),
    HEAP_IN_THE_MIDDLE(
        bytes ->
            PooledByteBufAllocator.DEFAULT
                .heapBuffer()
                .writeBytes(new byte[] {'{', '"', 0, -1})
                .writeBytes(bytes)
                .writeBytes(new byte[] {'}', '"', 0})
                .setIndex(4, 4 + bytes.length)),
    DIRECT_IN_THE_MIDDLE(
        bytes ->
            PooledByteBufAllocator.DEFAULT
                .directBuffer()
                .writeBytes(new byte[] {'{', '"', 0, -1})
                .writeBytes(bytes)
                .writeByte('}')
                .setIndex(4, 4 + bytes.length)),
    HEAP_SLICE(
        bytes ->
            Unpooled.buffer()
                .writeZero(7)
                .writeBytes(bytes)
                .writeZero(3)
                .slice(5, bytes.length + 4)
                .setIndex(2, 2 + bytes.length)),
    DIRECT_SLICE(
        bytes ->
            Unpooled.directBuffer()
                .writeZero(7)
                .writeBytes(bytes)
                .writeZero(3)
                .slice(7, bytes.length)),
    COMPOSITE_OF_ONE(
        bytes -> Unpooled.compositeBuffer().addComponent(true, Unpooled.wrappedBuffer(bytes))),
    COMPOSITE(bytes -> composite(bytes, 3)),
    COMPOSITE_OF_BYTES(bytes -> composite(bytes, 1)),
    COMPOSITE_IN_THE_MIDDLE(
        bytes -> {
          CompositeByteBuf whole = Unpooled.compositeBuffer(1000);
          whole.addComponent(true, Unpooled.wrappedBuffer(new byte[] {'{', '['}));
          for (byte b : bytes) {
            whole.addComponent(true, Unpooled.directBuffer().writeByte(b));
          }
          whole.addComponent(true, Unpooled.wrappedBuffer(new byte[] {']'}));
          return whole.setIndex(2, 2 + bytes.length);
        });

    private final Function<byte[], ByteBuf> maker;

    Kind(Function<byte[], ByteBuf> maker) {
      this.maker = maker;
    }

    ByteBuf of(String text) {
      return maker.apply(text.getBytes(StandardCharsets.UTF_8));
    }

    private static ByteBuf composite(byte[] bytes, int size) {
      CompositeByteBuf whole = Unpooled.compositeBuffer(1000);
      for (int i = 0; i < bytes.length; i += size) {
        int length = Math.min(size, bytes.length - i);
        whole.addComponent(true, Unpooled.directBuffer().writeBytes(bytes, i, length));
      }
      return whole;
    }
  }

  private final RequestParser parser = new RequestParser();

  @ParameterizedTest
  @EnumSource(Kind.class)
  void parse_anyBuffer_readsTheSameAndLeavesTheBufferAsItWas(Kind kind) throws InvalidRequest {
    for (String text : BODIES) {
      ByteBuf body = kind.of(text);
      int reader = body.readerIndex();
      int writer = body.writerIndex();
      InferenceRequest onHeap = parser.parse(Api.CHAT_COMPLETIONS, Kind.HEAP.of(text));

      InferenceRequest request = parser.parse(Api.CHAT_COMPLETIONS, body);

      assertThat(request.model()).isEqualTo("llama");
      assertThat(request.promptBytes()).isEqualTo(onHeap.promptBytes()).isPositive();
      assertThat(request.promptDigest()).isEqualTo(onHeap.promptDigest()).isNotZero();
      assertThat(request.conversationKeys()).isEqualTo(onHeap.conversationKeys());
      assertThat(request.body()).isSameAs(body);
      assertThat(body.readerIndex()).isEqualTo(reader);
      assertThat(body.writerIndex()).isEqualTo(writer);
      assertThat(body.refCnt()).isOne();
      assertReleased(body);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void parse_refusedBody_leavesTheBufferAsItWas(Kind kind) {
    ByteBuf body = kind.of("{\"model\":5}");
    int reader = body.readerIndex();

    assertThat(catchThrowable(() -> parser.parse(Api.CHAT_COMPLETIONS, body)))
        .isInstanceOf(InvalidRequest.class);

    assertThat(body.readerIndex()).isEqualTo(reader);
    assertThat(body.readableBytes()).isEqualTo(11);
    assertReleased(body);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void bodyFor_theClientsOwnName_isByteForByteTheBody(Kind kind) throws InvalidRequest {
    for (String text : BODIES) {
      ByteBuf body = kind.of(text);
      ByteBuf sent = parser.parse(Api.CHAT_COMPLETIONS, body).bodyFor("llama");

      assertThat(sent.toString(StandardCharsets.UTF_8)).isEqualTo(text);
      sent.release();
      assertReleased(body);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void bodyFor_anotherName_changesTheModelAndNothingElse(Kind kind)
      throws InvalidRequest, IOException {
    for (String text : BODIES) {
      for (String name : NAMES) {
        ByteBuf body = kind.of(text);
        InferenceRequest request = parser.parse(Api.CHAT_COMPLETIONS, body);

        ByteBuf first = request.bodyFor(name);
        ByteBuf second = request.bodyFor(name);

        JsonNode expected = ((ObjectNode) JSON.readTree(text)).put("model", name);
        String sent = first.toString(StandardCharsets.UTF_8);
        assertThat(JSON.readTree(sent)).isEqualTo(expected);
        assertThat(second).isEqualTo(first);
        String written = text.contains("\"llama\"") ? "\"llama\"" : "\"ll\\u0061ma\"";
        int at = text.indexOf(written);
        assertThat(sent)
            .startsWith(text.substring(0, at))
            .endsWith(text.substring(at + written.length()));
        second.release();
        // What is being sent outlives the request's own hold on the body.
        body.release();
        assertThat(first.toString(StandardCharsets.UTF_8)).isEqualTo(sent);
        assertReleased(first);
        assertThat(body.refCnt()).isZero();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void bodyFor_withUsage_asksForItAndChangesNothingElse(Kind kind)
      throws InvalidRequest, IOException {
    for (String options :
        new String[] {
          "",
          ",\"stream_options\":null",
          ",\"stream_options\": { }",
          ",\"stream_options\":{\"include_usage\":false}",
          ",\"stream_options\":{\"include_usage\" : null , \"x\":[1]}",
          ",\"stream_options\":{\"x\":{\"include_usage\":true}}",
          ",\"stream_options\":{\"include_usage\":true},\"stream_options\":{\"y\":1}",
        }) {
      for (String text :
          new String[] {
            "{\"model\":\"llama\",\"stream\":true" + options + ",\"messages\":[]}",
            "{\"stream\":true" + options + ", \"model\" : \"llama\" }",
          }) {
        for (String name : NAMES) {
          ByteBuf body = kind.of(text);
          InferenceRequest request = parser.parse(Api.CHAT_COMPLETIONS, body);
          assertThat(request.mayAskForUsage()).isTrue();

          ByteBuf sent = request.bodyFor(name, true);

          ObjectNode expected = ((ObjectNode) JSON.readTree(text)).put("model", name);
          JsonNode before = expected.get("stream_options");
          (before instanceof ObjectNode has ? has : expected.putObject("stream_options"))
              .put("include_usage", true);
          assertThat(JSON.readTree(sent.toString(StandardCharsets.UTF_8))).isEqualTo(expected);
          sent.release();
          assertReleased(body);
        }
      }
    }
  }

  @Test
  void bodyFor_withUsage_whereItIsThereOrHasNoPlace_isTheBody() throws InvalidRequest {
    for (String text :
        new String[] {
          "{\"model\":\"llama\"}",
          "{\"model\":\"llama\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
        }) {
      ByteBuf body = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
      InferenceRequest request = parser.parse(Api.CHAT_COMPLETIONS, body);
      assertThat(request.mayAskForUsage()).isFalse();
      ByteBuf sent = request.bodyFor("llama", true);
      assertThat(sent.toString(StandardCharsets.UTF_8)).isEqualTo(text);
      sent.release();
      assertReleased(body);
    }
    ByteBuf body =
        Unpooled.copiedBuffer("{\"model\":\"llama\",\"stream\":true}", StandardCharsets.UTF_8);
    assertThat(parser.parse(Api.RESPONSES, body).mayAskForUsage()).isFalse();
    assertReleased(body);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void parse_bodiesOfManySizesOnOneThread_areNotMixedUp(Kind kind) throws InvalidRequest {
    if (kind.name().startsWith("COMPOSITE_")) {
      return;
    }
    // Around the sizes at which the thread's array grows and is no longer kept.
    for (int size :
        new int[] {10, 16_300, 16_384, 100_000, 50, 1 << 20, (1 << 20) + 1, 3 << 20, 20}) {
      String text = "{\"messages\":\"" + "x".repeat(size) + "\",\"model\":\"m" + size + "\"}";
      ByteBuf body =
          kind == Kind.COMPOSITE
              ? Kind.composite(text.getBytes(StandardCharsets.UTF_8), 65_536)
              : kind.of(text);
      InferenceRequest request = parser.parse(Api.CHAT_COMPLETIONS, body);

      assertThat(request.model()).isEqualTo("m" + size);
      assertThat(request.promptBytes()).isEqualTo(size + 2);
      assertReleased(body);
    }
  }

  private static void assertReleased(ByteBuf buffer) {
    buffer.release();
    assertThat(buffer.refCnt()).isZero();
  }
}
