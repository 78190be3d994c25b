package dev.caravan.ingress;

import dev.caravan.admission.Shed;
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
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpContent;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the request that a connection reads or answers. Owned by the connection's event
 * loop, as is the body until the reply is written.
 */
final class Incoming {
  /** The most of an unwanted body that is read to keep a connection; beyond, it is closed. */
  static final int MAX_DISCARD = 1 << 20;

  /** A body that is larger already does not grow further when memory is short. */
  private static final int SMALL_BODY = 64 * 1024;

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

  private final BodyParts body = new BodyParts();
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

  /**
   * Takes the next part of the body.
   *
   * @param content owned by this from here on
   * @return the error to answer with, where no more of it is to be read; null for none
   */
  @Nullable ClientError take(HttpContent content, HttpIngress ingress) {
    ByteBuf part = content.content();
    received += part.readableBytes();
    ClientError error = refusal(content, ingress);
    if (error == null && early == null && part.isReadable()) {
      body.add(part);
    } else {
      content.release();
    }
    return error;
  }

  private @Nullable ClientError refusal(HttpContent content, HttpIngress ingress) {
    if (content.decoderResult().isFailure()) {
      return ClientError.invalid(400, "The body's framing is not valid.", null);
    }
    if (early != null) {
      return received > MAX_DISCARD ? early : null;
    }
    if (received > ingress.settings().maxBody()) {
      return RequestHead.tooLarge(ingress.settings());
    }
    if (received > SMALL_BODY && ingress.admission().memoryShort()) {
      ingress.admission().count(Shed.MEMORY);
      return ClientError.overloaded(Shed.MEMORY);
    }
    return null;
  }

  /** As {@link HttpIngress#call} says. */
  Call call(
      Api api, HttpIngress ingress, RequestParser parser, ConversationFinder finder, Channel from)
      throws InvalidRequest {
    Tracing tracing = ingress.tracing();
    if (tracing != null) {
      trace = tracing.request(api, headers.trace(), startNanos);
    }
    InferenceRequest asked = parser.parse(api, body.all());
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
    body.release();
  }
}
