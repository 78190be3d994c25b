package dev.caravan.ingress;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.caravan.outcome.Outcome;
import dev.caravan.upstream.BodySink;
import dev.caravan.upstream.Chunks;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An answer that is no stream, for a client to which a stream was begun: it becomes the one event
 * that ends it. Lives on the connection's event loop.
 */
final class InBand implements BodySink {
  private static final JsonFactory JSON = new JsonFactory();
  private static final byte[] PREFIX = ascii("\n\ndata: ");
  private static final byte[] SUFFIX = ascii("\n\n");

  /** More than any error of an engine; the rest is dropped. Chosen without experiment. */
  private static final int MAX_BYTES = 16 * 1024;

  private final Reply reply;
  private final int status;
  private byte[] body = new byte[512];
  private int length;
  private boolean tooLong;

  InBand(Reply reply, int status) {
    this.reply = reply;
    this.status = status;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Appends an error as the last event of a stream, wherever that broke off, and its end. */
  static void write(ByteBuf out, byte[] error) {
    byte[] event = Arrays.copyOf(PREFIX, PREFIX.length + error.length + SUFFIX.length);
    System.arraycopy(error, 0, event, PREFIX.length, error.length);
    System.arraycopy(SUFFIX, 0, event, PREFIX.length + error.length, SUFFIX.length);
    Chunks.write(out, event);
    out.writeBytes(Chunks.last());
  }

  // ---- the body, as the server sends it

  @Override
  public void bytes(ByteBuf part) {
    int more = part.readableBytes();
    if (length + more > MAX_BYTES) {
      tooLong = true;
    } else {
      if (length + more > body.length) {
        body = Arrays.copyOf(body, Math.max(2 * body.length, length + more));
      }
      part.readBytes(body, length, more);
      length += more;
    }
    part.release();
  }

  @Override
  public void flush() {}

  @Override
  public void end() {
    byte[] error = tooLong ? null : error(body, length, status);
    reply.inBand(
        error != null ? error : ClientErrors.noStream(status).json(),
        new Outcome.Completed(status));
  }

  @Override
  public void broken(Outcome how) {
    reply.inBand(ClientErrors.midStream(how).json(), how);
  }

  /**
   * The error object that a body is or holds, in one line; null where it is none.
   *
   * @param status where it is 400 or more, every object is an error
   */
  private static byte @Nullable [] error(byte[] body, int length, int status) {
    boolean named = false;
    try (JsonParser json = JSON.createParser(body, 0, length)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      String name;
      while ((name = json.nextFieldName()) != null) {
        named |= json.nextToken() != JsonToken.VALUE_NULL && name.equals("error");
        json.skipChildren();
      }
      if (json.nextToken() != null) {
        return null;
      }
    } catch (IOException notJson) {
      return null;
    }
    if (!named && status < 400) {
      return null;
    }
    // Within JSON's strings a line break is escaped; between its tokens it is as good as a space.
    byte[] line = Arrays.copyOf(body, length);
    for (int i = 0; i < length; i++) {
      if (line[i] == '\n' || line[i] == '\r') {
        line[i] = ' ';
      }
    }
    return named ? line : wrapped(line);
  }

  private static byte[] wrapped(byte[] object) {
    byte[] before = ascii("{\"error\":");
    byte[] all = Arrays.copyOf(before, before.length + object.length + 1);
    System.arraycopy(object, 0, all, before.length, object.length);
    all[all.length - 1] = '}';
    return all;
  }
}
