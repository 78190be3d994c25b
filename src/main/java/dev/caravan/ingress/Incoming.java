package dev.caravan.ingress;

import dev.caravan.request.Api;
import dev.caravan.request.InferenceRequest;
import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestParser;
import dev.caravan.tenant.Client;
import dev.caravan.tenant.Pending;
import dev.caravan.tenant.Shown;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.HeaderLines;
import dev.caravan.upstream.Trace;
import dev.caravan.upstream.Tracing;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
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

  /** What is recorded of it; null where nothing is traced, or it was not read yet. */
  @Nullable Trace trace;

  /** Who asks; nobody in particular until that is known. */
  Client client = Client.ANONYMOUS;

  /** The credentials that it has shown; null for none. */
  @Nullable Shown shown;

  /** That is being found out; null where it is known. */
  @Nullable Pending pending;

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

  /** As {@link HttpIngress#call} says. */
  Call call(
      Api api, HttpIngress ingress, RequestParser parser, ConversationFinder finder, Channel from)
      throws InvalidRequest {
    Tracing tracing = ingress.tracing();
    if (tracing != null) {
      trace = tracing.request(api, headers.trace(), startNanos);
    }
    InferenceRequest asked = parser.parse(api, body == null ? Unpooled.EMPTY_BUFFER : body);
    if (client.id() != 0) {
      asked = asked.of(client.id());
    }
    Call call = new Call(finder.find(asked, this, from), requestId, from.eventLoop(), lines);
    call.client(client);
    call.shown(shown);
    call.trace(trace);
    headers.tell(call, startNanos, ingress);
    return call;
  }

  void releaseBody() {
    ByteBuf held = body;
    body = null;
    if (held != null) {
      held.release();
    }
  }
}
