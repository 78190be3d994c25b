package dev.caravan.queue.amqp;

import jakarta.jms.MessageConsumer;
import jakarta.jms.MessageProducer;
import jakarta.jms.Session;
import java.net.URI;
import java.util.function.Consumer;
import org.apache.qpid.jms.JmsConnectionListener;
import org.apache.qpid.jms.message.JmsInboundMessageDispatch;
import org.jspecify.annotations.Nullable;

/**
 * Hears when one connection is lost. With {@code failover:} it survives that, and what it has
 * delivered does not. Told on the client library's threads.
 */
final class Losses implements JmsConnectionListener {
  private final Consumer<Losses> lost;

  Losses(Consumer<Losses> lost) {
    this.lost = lost;
  }

  @Override
  public void onConnectionInterrupted(URI broker) {
    lost.accept(this);
  }

  @Override
  public void onConnectionFailure(Throwable cause) {
    lost.accept(this);
  }

  @Override
  public void onConnectionEstablished(URI broker) {}

  @Override
  public void onConnectionRestored(URI broker) {}

  @Override
  public void onInboundMessage(JmsInboundMessageDispatch message) {}

  @Override
  public void onSessionClosed(Session session, @Nullable Throwable cause) {}

  @Override
  public void onConsumerClosed(MessageConsumer consumer, @Nullable Throwable cause) {}

  @Override
  public void onProducerClosed(MessageProducer producer, @Nullable Throwable cause) {}
}
