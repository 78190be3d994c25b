package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;

/** Status lines, ready for the wire. */
final class Heads {
  private static final byte[][] LINES = new byte[600][];

  static {
    for (int status = 100; status < LINES.length; status++) {
      String reason = HttpResponseStatus.valueOf(status).reasonPhrase();
      LINES[status] =
          ("HTTP/1.1 " + status + " " + reason + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }
  }

  private Heads() {}

  /** Appends the status line for a status from 100 to 599. */
  static void status(ByteBuf out, int status) {
    out.writeBytes(LINES[status]);
  }
}
