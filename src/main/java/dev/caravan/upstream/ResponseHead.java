package dev.caravan.upstream;

import io.netty.buffer.ByteBuf;

/**
 * The head of a server's answer: its status, how its body is framed, and the header lines that may
 * go to the client, ready for the wire. Hop-by-hop lines, what {@code Connection} names, and the
 * names that Caravan sets itself are not among them. Immutable.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1">RFC 9110, 7.6.1</a>
 */
public final class ResponseHead {
  /** How the names of all lines begin that tell of limits, in lower case. */
  public static final String RATES = "x-ratelimit-";

  /** {@link #contentLength()} where the head does not say. */
  static final long UNKNOWN = -1;

  private final int status;
  private final byte[] lines;
  private final int linesLength;
  private final boolean rates;
  private final long contentLength;
  private final boolean chunked;
  private final boolean keepAlive;
  private final boolean eventStream;
  private final long retryAfterMillis;

  ResponseHead(
      int status,
      byte[] lines,
      int linesLength,
      boolean rates,
      long contentLength,
      boolean chunked,
      boolean keepAlive,
      boolean eventStream,
      long retryAfterMillis) {
    this.status = status;
    this.lines = lines;
    this.linesLength = linesLength;
    this.rates = rates;
    this.contentLength = contentLength;
    this.chunked = chunked;
    this.keepAlive = keepAlive;
    this.eventStream = eventStream;
    this.retryAfterMillis = retryAfterMillis;
  }

  /** The HTTP status, 200 to 599. */
  public int status() {
    return status;
  }

  /** Whether the body is a stream of server-sent events. */
  public boolean eventStream() {
    return eventStream;
  }

  /** The body's length in bytes, or -1 where its end shows by other means. */
  public long contentLength() {
    return bodiless() ? 0 : chunked ? UNKNOWN : contentLength;
  }

  /** How long the server asks to be left alone, or -1. */
  public long retryAfterMillis() {
    return retryAfterMillis;
  }

  /** Appends the lines that may go to the client. */
  public void writeLinesTo(ByteBuf head) {
    head.writeBytes(lines, 0, linesLength);
  }

  /** Appends the lines that may go to the client but those that tell of the server's limits. */
  public void writeLinesWithoutRates(ByteBuf head) {
    if (!rates) {
      writeLinesTo(head);
      return;
    }
    int from = 0;
    while (from < linesLength) {
      int end = from;
      while (lines[end] != '\n') {
        end++;
      }
      end++;
      if (!startsWith(lines, from, end, RATES)) {
        head.writeBytes(lines, from, end - from);
      }
      from = end;
    }
  }

  /** Whether bytes begin with a text in lower case, whatever their own case is. */
  static boolean startsWith(byte[] bytes, int from, int end, String text) {
    if (end - from < text.length()) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      int b = bytes[from + i];
      if ((b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b) != text.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** How many bytes {@link #writeLinesTo} appends. */
  public int linesLength() {
    return linesLength;
  }

  boolean chunked() {
    return chunked;
  }

  boolean keepAlive() {
    return keepAlive;
  }

  boolean bodiless() {
    return status == 204 || status == 304;
  }

  boolean endsAtClose() {
    return !bodiless() && !chunked && contentLength == UNKNOWN;
  }
}
