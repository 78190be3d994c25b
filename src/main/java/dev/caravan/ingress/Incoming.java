package dev.caravan.ingress;

import dev.caravan.upstream.HeaderLines;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the request that a connection reads or answers. Owned by the connection's event
 * loop, as is the body until the reply is written.
 */
final class Incoming {
  final RequestHead head;
  final String requestId;
  final long startNanos;
  final HeaderLines lines;
  final PassedHeaders headers;
  @Nullable ClientError early;

  /** The line of the answer's head that sets a cookie, with its end; null for none. */
  @Nullable String cookieLine;

  /** Whether it counts as one that the gateway is answering. */
  boolean admitted;

  @Nullable ByteBuf body;
  long received;

  Incoming(
      RequestHead head,
      String requestId,
      long startNanos,
      HeaderLines lines,
      PassedHeaders headers) {
    this.head = head;
    this.requestId = requestId;
    this.startNanos = startNanos;
    this.lines = lines;
    this.headers = headers;
  }

  String requestId() {
    return requestId;
  }

  boolean keepAlive() {
    return head.keepAlive();
  }

  boolean http10() {
    return head.http10();
  }

  boolean headOnly() {
    return head.headOnly();
  }

  void add(ByteBuf part) {
    ByteBuf sofar = body;
    if (sofar == null) {
      body = part;
    } else if (sofar instanceof CompositeByteBuf parts) {
      parts.addComponent(true, part);
    } else {
      body = sofar.alloc().compositeBuffer(1024).addComponent(true, sofar).addComponent(true, part);
    }
  }

  void releaseBody() {
    ByteBuf held = body;
    body = null;
    if (held != null) {
      held.release();
    }
  }
}
