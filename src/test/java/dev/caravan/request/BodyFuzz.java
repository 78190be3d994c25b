package dev.caravan.request;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * A fuzz target: any bytes as a body. The parser either reads it or says what is wrong, the same
 * for a body in pieces, and reads nothing that is no JSON object for jackson-databind. What is sent
 * to a server that has another name for the model is the same JSON but for that name.
 */
public final class BodyFuzz {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private BodyFuzz() {}

  /** What Jazzer calls. */
  public static void fuzzerTestOneInput(byte[] bytes) {
    for (Api api : Api.values()) {
      String whole = read(api, Unpooled.wrappedBuffer(bytes));
      int at = bytes.length / 2;
      CompositeByteBuf pieces =
          Unpooled.compositeBuffer()
              .addComponent(true, Unpooled.wrappedBuffer(Arrays.copyOfRange(bytes, 0, at)))
              .addComponent(
                  true, Unpooled.wrappedBuffer(Arrays.copyOfRange(bytes, at, bytes.length)));
      String cut = read(api, pieces);
      if (!whole.equals(cut)) {
        throw new AssertionError("at once " + whole + ", in pieces " + cut);
      }
      if (whole.startsWith("ok") && !isObject(bytes)) {
        throw new AssertionError("databind does not read what is accepted");
      }
    }
  }

  private static String read(Api api, ByteBuf body) {
    try {
      InferenceRequest request = new RequestParser().parse(api, body);
      patched(request);
      PromptPrefix prefix = request.prefix();
      return "ok "
          + request.model()
          + request.stream()
          + request.maxTokens()
          + request.promptTokens()
          + request.opening()
          + request.conversationKeys()
          + (prefix.chunks() == 0 ? 0 : prefix.hash(prefix.chunks() - 1));
    } catch (InvalidRequest refused) {
      return "no " + refused.status() + refused.param() + refused.getMessage();
    } finally {
      body.release();
    }
  }

  private static void patched(InferenceRequest request) {
    ByteBuf sent = request.bodyFor("another \"name\"", true);
    try {
      JsonNode before = JSON.readTree(bytes(request.body()));
      JsonNode after = JSON.readTree(bytes(sent));
      if (!after.path("model").asText().equals("another \"name\"")
          || (request.mayAskForUsage()
              && !after.path("stream_options").path("include_usage").asBoolean())) {
        throw new AssertionError("not what was asked for: " + after);
      }
      if (!without(before).equals(without(after))) {
        throw new AssertionError("more has changed: " + after);
      }
    } catch (IOException e) {
      throw new AssertionError("no JSON is sent", e);
    } finally {
      sent.release();
    }
  }

  private static byte[] bytes(ByteBuf of) {
    byte[] all = new byte[of.readableBytes()];
    of.getBytes(of.readerIndex(), all);
    return all;
  }

  private static JsonNode without(JsonNode body) {
    return ((ObjectNode) body).without(List.of("model", "stream_options"));
  }

  private static boolean isObject(byte[] bytes) {
    try {
      return JSON.readTree(bytes) instanceof ObjectNode;
    } catch (IOException noJson) {
      return false;
    }
  }
}
