package dev.caravan.tracing;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** The header lines of a trace's context. */
final class ContextLines {
  private ContextLines() {}

  /**
   * Appends them.
   *
   * @param state what others have put into {@code tracestate}; empty for no such line
   */
  static void write(ByteBuf head, String parent, String state) {
    head.writeCharSequence("traceparent: ", StandardCharsets.US_ASCII);
    head.writeCharSequence(parent, StandardCharsets.US_ASCII);
    if (!state.isEmpty()) {
      head.writeCharSequence("\r\ntracestate: ", StandardCharsets.US_ASCII);
      head.writeCharSequence(state, StandardCharsets.US_ASCII);
    }
    head.writeCharSequence("\r\n", StandardCharsets.US_ASCII);
  }
}
