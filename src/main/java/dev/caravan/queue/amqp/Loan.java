package dev.caravan.queue.amqp;

import dev.caravan.queue.Delivery;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.Session;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One message of a session that acknowledges each alone. Safe for any thread: an acknowledgement is
 * handed to the connection's own event loop, on which everything of its sessions happens.
 *
 * <p>Its broker may have a limit of its own on deliveries (Artemis: {@code max-delivery-attempts},
 * 10 unless said otherwise), after which it drops the message or puts it into its own dead letter
 * queue. What {@link #failed} hands back counts for that; a lost connection or session counts with
 * some brokers only, and not with Artemis.
 */
final class Loan implements Delivery {
  private static final Logger LOG = LoggerFactory.getLogger(Loan.class);

  /** What Qpid JMS reads from a message when it is acknowledged. */
  private static final String ACK_TYPE = "JMS_AMQP_ACK_TYPE";

  private static final int ACCEPTED = 1;
  private static final int RELEASED = 3;
  private static final int MODIFIED_FAILED = 4;

  private final Message message;
  private final Session session;
  private final AmqpContainer lender;
  private final int connection;
  private final AtomicInteger counter;
  private final AtomicBoolean over = new AtomicBoolean();
  private volatile boolean taken;

  /**
   * A loan that begins.
   *
   * @param connection which of the lender's connections it came by
   * @param counter is counted down at its end
   */
  Loan(
      Message message,
      Session session,
      AmqpContainer lender,
      int connection,
      AtomicInteger counter) {
    this.message = message;
    this.session = session;
    this.lender = lender;
    this.connection = connection;
    this.counter = counter;
  }

  /** Somebody answers for it from now on, whatever becomes of the route. */
  void take() {
    taken = true;
  }

  /** The route has ended, and well. */
  void ended() {
    if (!taken) {
      end(ACCEPTED);
    }
  }

  /** The route has failed; the broker counts that, so that it does not happen for ever. */
  void failed() {
    if (!taken) {
      end(MODIFIED_FAILED);
    }
  }

  @Override
  public void settle() {
    end(ACCEPTED);
  }

  @Override
  public void handBack() {
    end(RELEASED);
  }

  @Override
  public boolean consumerMayWait() {
    return true;
  }

  @Override
  public boolean lost() {
    if (connection != lender.connection()) {
      return true;
    }
    try {
      session.getTransacted();
      return false;
    } catch (JMSException closed) {
      return true;
    }
  }

  @Override
  public boolean redelivered() {
    return lost();
  }

  private void end(int how) {
    if (!over.compareAndSet(false, true)) {
      return;
    }
    counter.decrementAndGet();
    // A message of a connection before this one: the broker has it again already.
    if (connection == lender.connection()) {
      acknowledge(message, how);
    }
  }

  /** Gives back a message that nobody has seen; it does not count as delivered. */
  static void release(Message message) {
    acknowledge(message, RELEASED);
  }

  private static void acknowledge(Message message, int how) {
    try {
      message.setIntProperty(ACK_TYPE, how);
      message.acknowledge();
    } catch (JMSException gone) {
      LOG.debug("The broker delivers a message again: {}", gone.getMessage());
    }
  }
}
