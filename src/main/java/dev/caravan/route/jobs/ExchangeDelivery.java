package dev.caravan.route.jobs;

import dev.caravan.queue.Delivery;
import dev.caravan.queue.Outgoing;
import dev.caravan.queue.QueueMessage;
import dev.caravan.queue.Received;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/** The loan of an exchange that waits for its job: of a transacted queue, or of no queue at all. */
final class ExchangeDelivery implements Delivery {
  private final Exchange exchange;
  private final AsyncCallback callback;
  private final @Nullable Received held;
  private final boolean answerGoesBack;
  private final AtomicBoolean over = new AtomicBoolean();

  /**
   * The loan of an exchange.
   *
   * @param held the message in it, where its queue has something to say to its end
   * @param answerGoesBack whether its route goes on with the answer
   */
  ExchangeDelivery(
      Exchange exchange, AsyncCallback callback, @Nullable Received held, boolean answerGoesBack) {
    this.exchange = exchange;
    this.callback = callback;
    this.held = held;
    this.answerGoesBack = answerGoesBack;
  }

  /** What an exchange asks for of which no queue knows: its body, and its headers of text. */
  static QueueMessage message(Exchange exchange) {
    Object body = exchange.getIn().getBody();
    byte[] bytes =
        body instanceof byte[] already
            ? already
            : String.valueOf(exchange.getIn().getBody(String.class))
                .getBytes(StandardCharsets.UTF_8);
    Map<String, String> headers = new HashMap<>();
    exchange
        .getIn()
        .getHeaders()
        .forEach(
            (name, value) -> {
              String lower = name.toLowerCase(Locale.ROOT).replace('_', '-');
              if (value instanceof String text && !lower.startsWith("camel")) {
                headers.put(lower, text);
              }
            });
    return new QueueMessage(
        Unpooled.wrappedBuffer(bytes),
        null,
        Map.copyOf(headers),
        "exchange " + exchange.getExchangeId(),
        -1,
        -1,
        1,
        -1,
        null,
        headers.get("correlation-id"));
  }

  @Override
  public void settle() {
    if (over.compareAndSet(false, true)) {
      if (answerGoesBack) {
        exchange.setRouteStop(true); // it is a dead letter: there is nothing to go on with
      }
      callback.done(false);
    }
  }

  @Override
  public void handBack() {
    if (over.compareAndSet(false, true)) {
      if (held != null) {
        held.delivery().handBack();
      }
      exchange.setException(new IllegalStateException("the job was not run: the gateway stops"));
      callback.done(false);
    }
  }

  @Override
  public boolean settleWith(Outgoing answer, Consumer<@Nullable Exception> done) {
    if (!answerGoesBack) {
      return false;
    }
    if (over.compareAndSet(false, true)) {
      answer.headers().forEach(exchange.getMessage()::setHeader);
      exchange.getMessage().setHeader(Exchange.CONTENT_TYPE, answer.contentType());
      if (answer.correlationId() != null) {
        exchange.getMessage().setHeader("JMSCorrelationID", answer.correlationId());
      }
      exchange.getMessage().setBody(ByteBufUtil.getBytes(answer.body()));
      callback.done(false);
    }
    done.accept(null);
    return true;
  }

  @Override
  public boolean consumerMayWait() {
    return false; // it waits anyway
  }
}
