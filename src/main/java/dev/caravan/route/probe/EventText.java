package dev.caravan.route.probe;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Server-sent events as text, as far as answers of model servers use them: the data of each.
 *
 * @see <a href="https://html.spec.whatwg.org/multipage/server-sent-events.html">HTML, server-sent
 *     events</a>
 */
final class EventText {
  private static final String DATA = "data:";

  private EventText() {}

  /** Whether the data of some event has begun; comments, which keep connections open, are none. */
  static boolean begun(ByteBuf bytes) {
    String text = bytes.toString(StandardCharsets.ISO_8859_1);
    return text.startsWith(DATA) || text.contains("\n" + DATA) || text.contains("\r" + DATA);
  }

  /** Whether a body is a stream of events rather than JSON or something else. */
  static boolean is(String body) {
    String text = body.stripLeading();
    return text.startsWith(DATA)
        || text.startsWith(":")
        || text.startsWith("event:")
        || text.startsWith("id:")
        || text.startsWith("retry:");
  }

  /** The data of every event that is complete, in order. */
  static List<String> data(String body) {
    List<String> events = new ArrayList<>();
    StringBuilder event = new StringBuilder();
    boolean any = false;
    for (String line : body.split("\r\n|\n|\r", -1)) {
      if (line.isEmpty()) {
        if (any) {
          events.add(event.toString());
        }
        event.setLength(0);
        any = false;
      } else if (line.startsWith(DATA)) {
        if (any) {
          event.append('\n');
        }
        event.append(line, line.startsWith(DATA + " ") ? 6 : 5, line.length());
        any = true;
      }
    }
    return events;
  }
}
