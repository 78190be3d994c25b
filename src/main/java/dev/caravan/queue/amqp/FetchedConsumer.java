package dev.caravan.queue.amqp;

import jakarta.jms.IllegalStateException;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.MessageListener;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.qpid.jms.JmsConnectionRemotelyClosedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A consumer that can give back what was fetched ahead, and go on later. To close it is the only
 * way that JMS has for that: the messages go back uncounted, and those that were received before
 * can be acknowledged as long as the session is open.
 *
 * <p>One thread receives; any may hand back.
 */
final class FetchedConsumer implements MessageConsumer {
  private static final Logger LOG = LoggerFactory.getLogger(FetchedConsumer.class);

  /** Makes the consumer that this stands for. */
  interface Opening {
    MessageConsumer open() throws JMSException;
  }

  private final Opening opening;
  private final BooleanSupplier mayReceive;
  private final Set<FetchedConsumer> all;
  private @Nullable MessageConsumer open;
  private boolean closed;

  /**
   * A consumer that is opened when it first receives.
   *
   * @param mayReceive looked at before it is opened, so that none is after a {@link #handBack}
   * @param all has this until it is closed
   */
  FetchedConsumer(Opening opening, BooleanSupplier mayReceive, Set<FetchedConsumer> all) {
    this.opening = opening;
    this.mayReceive = mayReceive;
    this.all = all;
    all.add(this);
  }

  @Override
  public @Nullable Message receive(long millis) throws JMSException {
    MessageConsumer now = opened();
    if (now == null) {
      return null;
    }
    try {
      return now.receive(millis);
    } catch (JMSException e) {
      if (!isOpen(now)) {
        return null; // handed back meanwhile
      }
      if (Thread.currentThread().isInterrupted() || isClosed(now) || isConnectionLost(e)) {
        throw e;
      }
      // Text that is none, for one. Nothing is wrong with the session, and jobs depend on it.
      LOG.warn(
          "A message cannot be read, and is left to the broker as undeliverable: {}",
          Outage.reason(e));
      return null;
    }
  }

  private static boolean isConnectionLost(JMSException e) {
    return e instanceof IllegalStateException || e instanceof JmsConnectionRemotelyClosedException;
  }

  private static boolean isClosed(MessageConsumer consumer) {
    try {
      consumer.getMessageSelector();
      return false;
    } catch (JMSException closed) {
      return true;
    }
  }

  @Override
  public @Nullable Message receive() throws JMSException {
    return receive(0);
  }

  @Override
  public @Nullable Message receiveNoWait() throws JMSException {
    MessageConsumer now = opened();
    return now == null ? null : now.receiveNoWait();
  }

  private synchronized @Nullable MessageConsumer opened() throws JMSException {
    if (closed) {
      throw new IllegalStateException("closed");
    }
    if (open == null && mayReceive.getAsBoolean()) {
      open = opening.open();
    }
    return open;
  }

  private synchronized boolean isOpen(MessageConsumer which) {
    return open == which;
  }

  /** Gives back what was fetched ahead; the next receive fetches again. */
  void handBack() {
    try {
      closeOpen();
    } catch (JMSException e) {
      LOG.debug("The broker takes back what was fetched by itself: {}", e.getMessage());
    }
  }

  @Override
  public void close() throws JMSException {
    synchronized (this) {
      closed = true;
    }
    all.remove(this);
    closeOpen();
  }

  private void closeOpen() throws JMSException {
    MessageConsumer was;
    synchronized (this) {
      was = open;
      open = null;
    }
    if (was != null) {
      was.close();
    }
  }

  @Override
  public String getMessageSelector() {
    throw new UnsupportedOperationException("nobody asks");
  }

  @Override
  public @Nullable MessageListener getMessageListener() {
    return null;
  }

  @Override
  public void setMessageListener(@Nullable MessageListener listener) {
    throw new UnsupportedOperationException("a thread receives");
  }
}
