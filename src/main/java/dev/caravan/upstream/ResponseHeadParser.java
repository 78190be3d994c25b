package dev.caravan.upstream;

import dev.caravan.time.WallClock;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads one response head, strictly: a server is not trusted more than a client. The lines that may
 * go on are moved to the front of the same array, so nothing is allocated for them.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9112">RFC 9112</a>
 */
final class ResponseHeadParser {
  /** Names that a {@code Connection} header may list; servers send one or two. */
  private static final int MAX_NAMED = 32;

  private final byte[] head;
  private final WallClock clock;
  private int kept;
  private long contentLength = ResponseHead.UNKNOWN;
  private boolean chunked;
  private boolean close;
  private boolean keepAliveSaid;
  private boolean eventStream;

  /** Whether some line tells of the server's limits; also where that one is dropped again. */
  private boolean rates;

  private @Nullable RetryAfter retryAfter;
  private @Nullable List<String> connectionNames;

  private ResponseHeadParser(byte[] head, WallClock clock) {
    this.head = head;
    this.clock = clock;
  }

  /**
   * Parses a head.
   *
   * @param head the head's bytes, the empty line included; the array is taken over
   * @param clock asked where a server names an instant and not its own time
   */
  static ResponseHead parse(byte[] head, WallClock clock) throws BadResponse {
    return new ResponseHeadParser(head, clock).parse();
  }

  private ResponseHead parse() throws BadResponse {
    int end = lineEnd(0);
    int status = status(end);
    boolean http10 = head[7] == '0';
    RetryAfter wait = RetryAfter.of(status, clock);
    retryAfter = wait;
    int at = end + 2;
    while (true) {
      end = lineEnd(at);
      if (end == at) {
        break;
      }
      line(at, end);
      at = end + 2;
    }
    if (chunked && contentLength != ResponseHead.UNKNOWN) {
      throw new BadResponse("both Transfer-Encoding and Content-Length");
    }
    if (chunked && http10) {
      throw new BadResponse("Transfer-Encoding in an HTTP/1.0 answer");
    }
    if (connectionNames != null) {
      dropNamed(connectionNames);
    }
    boolean keepAlive = !close && (!http10 || keepAliveSaid);
    return new ResponseHead(
        status,
        head,
        kept,
        rates,
        contentLength,
        chunked,
        keepAlive,
        eventStream,
        wait == null ? -1 : wait.millis());
  }

  private int status(int end) throws BadResponse {
    boolean http =
        end >= 12
            && head[0] == 'H'
            && head[1] == 'T'
            && head[2] == 'T'
            && head[3] == 'P'
            && head[4] == '/'
            && head[5] == '1'
            && head[6] == '.'
            && (head[7] == '0' || head[7] == '1')
            && head[8] == ' '
            && (end == 12 || head[12] == ' ');
    if (!http) {
      throw new BadResponse("the first line is not that of an HTTP/1.1 answer");
    }
    int status = 0;
    for (int i = 9; i < 12; i++) {
      int digit = head[i] - '0';
      if (digit < 0 || digit > 9) {
        throw new BadResponse("the status is not a number");
      }
      status = status * 10 + digit;
    }
    if (status < 100 || status > 599 || status == 101) {
      throw new BadResponse("status " + status + " makes no sense here");
    }
    return status;
  }

  /** The index of the CR that ends the line which starts at {@code from}. */
  private int lineEnd(int from) throws BadResponse {
    for (int i = from; i + 1 < head.length; i++) {
      byte b = head[i];
      if (b == '\r' && head[i + 1] == '\n') {
        return i;
      }
      if ((b < ' ' && b >= 0 && b != '\t') || b == 127) {
        throw new BadResponse("a control character in the head");
      }
    }
    throw new BadResponse("a line of the head has no end");
  }

  private void line(int from, int end) throws BadResponse {
    int colon = from;
    while (colon < end && head[colon] != ':') {
      if (head[colon] <= ' ') {
        throw new BadResponse("white space in a header's name");
      }
      colon++;
    }
    if (colon == end || colon == from) {
      throw new BadResponse("a header without a name");
    }
    if (keep(from, colon, end)) {
      int length = end + 2 - from;
      System.arraycopy(head, from, head, kept, length);
      kept += length;
    }
  }

  /** Learns from a header; says whether its line may go to the client. */
  private boolean keep(int from, int colon, int end) throws BadResponse {
    if (retryAfter != null) {
      retryAfter.header(
          new String(head, from, colon - from, StandardCharsets.ISO_8859_1), value(colon, end));
    }
    rates |= startsWith(from, colon, ResponseHead.RATES);
    if (startsWith(from, colon, "x-caravan-") || startsWith(from, colon, "proxy-")) {
      return false;
    }
    return switch (colon - from) {
      case 2 -> !is(from, colon, "te");
      case 7 -> !is(from, colon, "trailer") && !is(from, colon, "upgrade");
      case 10 -> {
        if (is(from, colon, "connection")) {
          connection(value(colon, end));
          yield false;
        }
        yield !is(from, colon, "keep-alive");
      }
      case 12 -> {
        if (is(from, colon, "content-type")) {
          String type = value(colon, end);
          eventStream = type.regionMatches(true, 0, "text/event-stream", 0, 17);
        }
        yield !is(from, colon, "x-request-id");
      }
      case 14 -> {
        if (is(from, colon, "content-length")) {
          contentLength(value(colon, end));
          yield false;
        }
        yield true;
      }
      case 17 -> {
        if (is(from, colon, "transfer-encoding")) {
          if (chunked || !value(colon, end).equalsIgnoreCase("chunked")) {
            throw new BadResponse("a Transfer-Encoding other than chunked");
          }
          chunked = true;
          yield false;
        }
        yield !is(from, colon, "x-accel-buffering");
      }
      default -> true;
    };
  }

  private void connection(String value) throws BadResponse {
    for (String name : value.split(",", -1)) {
      String trimmed = name.trim();
      if (trimmed.equalsIgnoreCase("close")) {
        close = true;
      } else if (trimmed.equalsIgnoreCase("keep-alive")) {
        keepAliveSaid = true;
      } else if (!trimmed.isEmpty()) {
        if (connectionNames == null) {
          connectionNames = new ArrayList<>(4);
        }
        // Each name is looked for in each line: without a limit that is the square of a head.
        if (connectionNames.size() == MAX_NAMED) {
          throw new BadResponse("a Connection header that lists more than " + MAX_NAMED + " names");
        }
        connectionNames.add(trimmed.toLowerCase(Locale.ROOT));
      }
    }
  }

  private void contentLength(String value) throws BadResponse {
    if (value.isEmpty() || value.length() > 18) {
      throw new BadResponse("Content-Length is not a number");
    }
    long length = 0;
    for (int i = 0; i < value.length(); i++) {
      int digit = value.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        throw new BadResponse("Content-Length is not a number");
      }
      length = length * 10 + digit;
    }
    if (contentLength != ResponseHead.UNKNOWN && contentLength != length) {
      throw new BadResponse("two different Content-Lengths");
    }
    contentLength = length;
  }

  private void dropNamed(List<String> names) throws BadResponse {
    int end = kept;
    kept = 0;
    for (int at = 0; at < end; ) {
      int lineEnd = lineEnd(at);
      int colon = at;
      while (head[colon] != ':') {
        colon++;
      }
      boolean named = false;
      for (String name : names) {
        named |= is(at, colon, name);
      }
      int next = lineEnd + 2;
      if (!named) {
        System.arraycopy(head, at, head, kept, next - at);
        kept += next - at;
      }
      at = next;
    }
  }

  private boolean is(int from, int end, String name) {
    return end - from == name.length() && startsWith(from, end, name);
  }

  private boolean startsWith(int from, int end, String name) {
    return ResponseHead.startsWith(head, from, end, name);
  }

  private String value(int colon, int end) {
    int from = colon + 1;
    int to = end;
    while (from < to && (head[from] == ' ' || head[from] == '\t')) {
      from++;
    }
    while (to > from && (head[to - 1] == ' ' || head[to - 1] == '\t')) {
      to--;
    }
    return new String(head, from, to - from, StandardCharsets.ISO_8859_1);
  }
}
