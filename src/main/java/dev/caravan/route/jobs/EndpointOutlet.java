package dev.caravan.route.jobs;

import dev.caravan.queue.Outgoing;
import dev.caravan.queue.Outlet;
import dev.caravan.route.parameter.EndpointName;
import io.netty.buffer.ByteBufUtil;
import java.util.function.Consumer;
import org.apache.camel.AsyncProducer;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.Message;
import org.jspecify.annotations.Nullable;

/**
 * Sends to an endpoint of Camel's. Its producer is made for the first message, so that a broker
 * that is away holds up no start; where that fails, the next message tries again.
 */
final class EndpointOutlet implements Outlet {
  private static final String KAFKA = "kafka";
  private static final String KAFKA_KEY = "kafka.KEY";
  private static final String KAFKA_TOPIC = "kafka.OVERRIDE_TOPIC";
  private static final String JMS_DESTINATION = "CamelJmsDestinationName";

  private static final String BYTES =
      "valueSerializer=org.apache.kafka.common.serialization.ByteArraySerializer";

  private final CamelContext camel;
  private final String uri;
  private final String scheme;
  private final String destination;
  private volatile @Nullable AsyncProducer producer;

  EndpointOutlet(CamelContext camel, String uri) {
    this.camel = camel;
    this.uri = uri;
    this.scheme = uri.substring(0, uri.indexOf(':'));
    String path = String.valueOf(EndpointName.in(uri, scheme));
    this.destination = path.replaceFirst("^queue:", "");
  }

  @Override
  public String destination() {
    return destination;
  }

  @Override
  public void send(Outgoing message, Consumer<@Nullable Exception> done) {
    AsyncProducer to;
    Exchange exchange;
    try {
      to = producer();
      exchange = exchange(to.getEndpoint(), message);
    } catch (Exception e) {
      done.accept(e);
      return;
    }
    to.process(exchange, doneSync -> done.accept(exchange.getException()));
  }

  private AsyncProducer producer() throws Exception {
    AsyncProducer known = producer;
    if (known != null) {
      return known;
    }
    synchronized (this) {
      if (producer == null) {
        AsyncProducer made = camel.getEndpoint(binary()).createAsyncProducer();
        camel.addService(made, true, true);
        producer = made;
      }
      return producer;
    }
  }

  /** Its route stops. What is sent later, a try that failed before say, makes a producer anew. */
  synchronized void close() throws Exception {
    AsyncProducer last = producer;
    producer = null;
    if (last != null) {
      camel.removeService(last);
      last.stop();
    }
  }

  /** Camel's own default for Kafka is text, which would change the bytes of dead letters. */
  private String binary() {
    return scheme.equals(KAFKA) && !uri.contains("valueSerializer=")
        ? uri + (uri.contains("?") ? "&" : "?") + BYTES
        : uri;
  }

  private Exchange exchange(Endpoint to, Outgoing message) {
    Exchange exchange = to.createExchange(ExchangePattern.InOnly);
    Message out = exchange.getIn();
    message.headers().forEach(out::setHeader);
    if (message.contentType() != null) {
      out.setHeader(
          scheme.equals(KAFKA) ? "content-type" : Exchange.CONTENT_TYPE, message.contentType());
    }
    boolean elsewhere = !message.destination().equals(destination);
    String correlation = message.correlationId();
    if (scheme.equals(KAFKA)) {
      if (correlation != null) {
        out.setHeader("correlation-id", correlation);
      }
      if (message.key() != null) {
        out.setHeader(KAFKA_KEY, message.key());
      }
      if (elsewhere) {
        out.setHeader(KAFKA_TOPIC, message.destination());
      }
    } else {
      if (correlation != null) {
        out.setHeader("JMSCorrelationID", correlation);
      }
      if (elsewhere) {
        out.setHeader(JMS_DESTINATION, message.destination());
      }
    }
    out.setBody(ByteBufUtil.getBytes(message.body()));
    return exchange;
  }
}
