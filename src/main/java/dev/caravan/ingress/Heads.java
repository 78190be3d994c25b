package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;

/** Status lines and heads without more, ready for the wire. */
final class Heads {
  private static final byte[][] LINES = new byte[600][];

  static {
    for (int status = 100; status < LINES.length; status++) {
      String reason = HttpResponseStatus.valueOf(status).reasonPhrase();
      LINES[status] =
          ("HTTP/1.1 " + status + " " + reason + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }
  }

  private static final ByteBuf CONTINUE =
      Unpooled.unreleasableBuffer(
          Unpooled.directBuffer()
              .writeBytes("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII))
              .asReadOnly());

  private Heads() {}

  /** The head that asks for the body. */
  static ByteBuf goOn() {
    return CONTINUE.duplicate();
  }

  /** Appends the status line for a status from 100 to 599. */
  static void status(ByteBuf out, int status) {
    out.writeBytes(LINES[status]);
  }
}
