package dev.caravan.upstream;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.UsageScanner;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Takes the event that says what a stream cost out of it, where the gateway has asked for that and
 * the client has not. Only the events of a read in which the scanner saw a {@code usage} are looked
 * at; all others pass as they came, as soon as they are whole. Of the call's event loop.
 *
 * <p>What is left out is an event with {@code usage} and no {@code choices} in it, which only such
 * a request gets. A server that adds {@code usage} to other events as well keeps those.
 */
final class UsageHider implements BodySink {
  /** A longer part without an event's end is no event stream, and passes. */
  private static final int MOST_HELD = 1 << 20;

  private static final JsonFactory JSON = new JsonFactory();

  private final BodySink sink;
  private final boolean chunked;
  private final UsageScanner scanner;
  private long objects;
  private boolean suspect;

  /** The beginning of an event of which the end has not come. */
  private @Nullable ByteBuf held;

  UsageHider(BodySink sink, boolean chunked, UsageScanner scanner) {
    this.sink = sink;
    this.chunked = chunked;
    this.scanner = scanner;
  }

  /** Plain bytes of the stream, which the scanner has seen already. */
  @Override
  public void bytes(ByteBuf part) {
    suspect |= scanner.objects() != objects;
    objects = scanner.objects();
    ByteBuf all = part;
    ByteBuf before = held;
    if (before != null) {
      held = null;
      all = part.alloc().buffer(before.readableBytes() + part.readableBytes());
      all.writeBytes(before).writeBytes(part);
      before.release();
      part.release();
    }
    int length = lastEventEnd(all) - all.readerIndex();
    if (length == 0 && all.readableBytes() < MOST_HELD) {
      held = all;
      return;
    }
    if (length > 0 && length < all.readableBytes()) {
      ByteBuf whole = all.readRetainedSlice(length);
      held = all;
      all = whole;
    }
    pass(all);
    suspect &= held != null;
  }

  /** Behind the last empty line, or the reader index where there is none. */
  private static int lastEventEnd(ByteBuf bytes) {
    int from = bytes.readerIndex();
    for (int i = bytes.writerIndex() - 1; i > from; i--) {
      byte b = bytes.getByte(i);
      if (b == '\n' || b == '\r') {
        byte before = bytes.getByte(i - 1);
        if (before == b
            || (b == '\n' && before == '\r' && i - 2 >= from && bytes.getByte(i - 2) == '\n')) {
          return i + 1;
        }
      }
    }
    return from;
  }

  private void pass(ByteBuf whole) {
    ByteBuf out = suspect ? without(whole) : whole;
    if (!out.isReadable()) {
      out.release();
    } else if (chunked) {
      Chunks.frame(out, sink);
    } else {
      sink.bytes(out);
    }
  }

  private static ByteBuf without(ByteBuf whole) {
    EventReader events = new EventReader();
    events.append(whole);
    ByteBuf out = whole.alloc().buffer(whole.readableBytes());
    whole.release();
    byte[] bytes = events.bytes();
    int from = 0;
    while (events.next()) {
      int to = events.end();
      if (bytes[to - 1] == '\r' && to < events.length() && bytes[to] == '\n') {
        to++; // the second half of its last CR LF
      }
      if (!onlyUsage(events)) {
        out.writeBytes(bytes, from, to - from);
      }
      from = to;
    }
    return out.writeBytes(bytes, from, events.length() - from);
  }

  private static boolean onlyUsage(EventReader event) {
    if (event.dataLength() <= 0) {
      return false;
    }
    boolean usage = false;
    boolean choices = false;
    try (JsonParser json = JSON.createParser(event.data(), event.dataFrom(), event.dataLength())) {
      int depth = 0;
      String name = "";
      for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
        if (depth == 1 && token == JsonToken.FIELD_NAME) {
          name = json.currentName();
        } else if (depth == 1 && token == JsonToken.START_OBJECT && name.equals("usage")) {
          usage = true;
        } else if (depth == 2 && token != JsonToken.END_ARRAY && name.equals("choices")) {
          choices = true;
        }
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
      }
    } catch (IOException e) {
      return false;
    }
    return usage && !choices;
  }

  @Override
  public void flush() {
    sink.flush();
  }

  @Override
  public void end() {
    ByteBuf rest = held;
    held = null;
    if (rest != null) {
      // An event that the end of the stream ends.
      pass(suspect ? Unpooled.wrappedBuffer(rest, Unpooled.copyShort('\n' << 8 | '\n')) : rest);
    }
    if (chunked) {
      sink.bytes(Chunks.last());
    }
    sink.end();
  }

  @Override
  public void broken(Outcome how) {
    release(); // half an event is of no use, and another may follow
    sink.broken(how);
  }

  /** Nothing more will come. */
  void release() {
    ByteBuf rest = held;
    held = null;
    if (rest != null) {
      rest.release();
    }
  }
}
