package dev.caravan.ingress;

import dev.caravan.upstream.Answer;
import dev.caravan.upstream.Call;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.component.netty.http.NettyHttpConsumer;
import org.jboss.logging.Logger;

/** The door between the connections and the ingress route. */
final class CamelEntry implements Entry {
  private static final Logger LOG = Logger.getLogger(CamelEntry.class);

  private final NettyHttpConsumer consumer;

  CamelEntry(NettyHttpConsumer consumer) {
    this.consumer = consumer;
  }

  @Override
  public void enter(Call call, PassedHeaders headers, Reply reply) {
    if (!consumer.isRunAllowed() || consumer.isSuspended()) {
      reply.error(ClientErrors.stopping());
      return;
    }
    Exchange exchange = consumer.createExchange(false);
    Message in = exchange.getIn();
    in.setBody(call);
    for (Map.Entry<String, String> header : headers.asMap().entrySet()) {
      in.setHeader(header.getKey(), header.getValue());
    }
    ClientCertificate client = headers.certificate();
    if (client != null) {
      client.tell(exchange);
    }
    consumer
        .getAsyncProcessor()
        .process(
            exchange,
            doneSync -> {
              if (call.loop().inEventLoop()) {
                leave(exchange, call, reply);
              } else {
                // A step of the route, a delay say, went on in a thread of its own.
                call.loop().execute(() -> leave(exchange, call, reply));
              }
            });
  }

  private void leave(Exchange exchange, Call call, Reply reply) {
    try {
      routed(exchange, call, reply);
    } finally {
      consumer.releaseExchange(exchange, false);
    }
  }

  /** The routes are done with it: what they left as the body is the answer. */
  private static void routed(Exchange exchange, Call call, Reply reply) {
    Throwable failure = exchange.getException();
    Object body = exchange.getMessage().getBody();
    if (failure != null) {
      LOG.errorf(failure, "Request %s failed in the routes", call.requestId());
      reply.error(ClientError.internal());
    } else if (body instanceof Answer answer) {
      reply.relay(answer);
    } else if (body instanceof Refusal refusal) {
      reply.error(refusal.error(), refusal.outcome());
    } else if (body instanceof String text) {
      reply.ok(text.getBytes(StandardCharsets.UTF_8));
    } else if (body instanceof byte[] bytes) {
      reply.ok(bytes);
    } else {
      LOG.errorf(
          exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class),
          "The routes left no answer for request %s: a route must end in pool: or model:, or in a"
              + " text as the body",
          call.requestId());
      reply.error(ClientError.internal());
    }
  }
}
