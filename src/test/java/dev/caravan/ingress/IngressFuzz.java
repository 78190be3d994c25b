package dev.caravan.ingress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A fuzz target: any bytes at the inference port, at once and cut in pieces. Nothing may throw, or
 * be kept; what is asked for and answered must not depend on where the bytes were cut.
 */
public final class IngressFuzz {
  private static final int MAX_BYTES = 8_192;

  private IngressFuzz() {}

  /** What Jazzer calls. */
  public static void fuzzerTestOneInput(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      return;
    }
    String text = new String(bytes, ISO_8859_1);
    List<String> whole = seen(List.of(text));
    List<String> pieces = new ArrayList<>();
    Random random = new Random(bytes.length);
    for (int at = 0; at < text.length(); ) {
      int end = Math.min(text.length(), at + 1 + random.nextInt(7));
      pieces.add(text.substring(at, end));
      at = end;
    }
    List<String> cut = seen(pieces);
    if (!whole.equals(cut)) {
      throw new AssertionError("at once " + whole + ", in pieces " + cut);
    }
  }

  /** The ends of the requests and the bodies that came through. */
  private static List<String> seen(List<String> pieces) {
    Door door = new Door();
    List<String> seen = new ArrayList<>();
    List<ByteBuf> bodies = new ArrayList<>();
    // Pooled ones would be others by the time that they are looked at.
    door.channel.config().setAllocator(UnpooledByteBufAllocator.DEFAULT);
    door.ingress.entry(
        (call, headers, reply) -> {
          seen.add(call.request().model() + " " + call.request().body().toString(ISO_8859_1));
          bodies.add(call.request().body());
          reply.ok(new byte[] {'1'});
        });
    door.open();
    for (String piece : pieces) {
      if (!door.channel.isOpen()) {
        break;
      }
      door.send(piece);
    }
    door.channel.checkException();
    String written = door.written();
    if (!written.isEmpty() && !written.startsWith("HTTP/1.1 ")) {
      throw new AssertionError("no answer: " + written);
    }
    if (written.contains("HTTP/1.1 500 ")) {
      throw new AssertionError("a failure of the gateway's own");
    }
    door.channel.finishAndReleaseAll();
    if (bodies.stream().anyMatch(body -> body.isReadable() && body.refCnt() != 0)) {
      throw new AssertionError("a body is kept");
    }
    if (door.ingress.requests() != 0 || door.ingress.connections() != 0) {
      throw new AssertionError("a request or a connection is still counted");
    }
    seen.addAll(door.ends);
    return seen;
  }
}
