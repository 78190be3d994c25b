package dev.caravan.queue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.queue.kafka.RecordFuzz;
import dev.caravan.request.Api;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A fuzz target: any bytes as a message of a queue, as its headers, and as the events of the answer
 * that a job collects. A message is poison or an envelope whose parts another parser finds as well.
 */
public final class MessageFuzz {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private MessageFuzz() {}

  /** What Jazzer calls. */
  public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
    envelope(bytes, null);
    envelope(bytes, Api.CHAT_COMPLETIONS);
    String text = new String(bytes, StandardCharsets.UTF_8);
    headers(RecordFuzz.headers(bytes));
    answer(text);
  }

  private static void envelope(byte[] bytes, @Nullable Api bare) throws IOException {
    Envelope read;
    try {
      read = Envelope.read(Unpooled.wrappedBuffer(bytes), bare);
    } catch (Poison poison) {
      return;
    }
    JsonNode whole = JSON.readTree(bytes);
    ByteBuf body = read.body();
    byte[] slice = new byte[body.readableBytes()];
    body.getBytes(body.readerIndex(), slice);
    JsonNode inside = JSON.readTree(slice);
    boolean enveloped = slice.length < bytes.length;
    if (!inside.equals(enveloped ? whole.path("body") : whole)) {
      throw new AssertionError("another body: " + inside);
    }
    String id = enveloped ? whole.path("custom_id").textValue() : null;
    if (id == null ? read.customId() != null : !id.equals(read.customId())) {
      throw new AssertionError("another custom_id: " + read.customId());
    }
  }

  private static void headers(Map<String, String> headers) {
    QueueMessage message =
        new QueueMessage(Unpooled.EMPTY_BUFFER, null, headers, "q-0@1", 5, -1, 1, -1, null, null);
    try {
      int priority = JobHeaders.priority(message);
      long deadline = JobHeaders.deadline(message, 10, 100);
      String to = JobHeaders.replyTo(message);
      if (priority < 0 || priority > 9 || deadline > 105 || (to != null && to.isEmpty())) {
        throw new AssertionError(priority + " " + deadline + " " + to);
      }
    } catch (Poison poison) {
      // That is what it is for.
    }
  }

  private static void answer(String events) throws IOException {
    StreamedAnswer answer = new StreamedAnswer();
    events.lines().forEach(answer::add);
    if (!answer.broken() && !JSON.readTree(answer.json().array()).isObject()) {
      throw new AssertionError("no object");
    }
  }
}
