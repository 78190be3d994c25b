package dev.caravan.queue.amqp;

import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.Session;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.component.jms.EndpointMessageListener;
import org.apache.camel.component.jms.JmsConsumer;
import org.apache.camel.component.jms.JmsEndpoint;
import org.apache.camel.spi.Synchronization;
import org.jspecify.annotations.Nullable;

/**
 * Makes exchanges of messages. One that is lent has its {@link Loan} with it; where the route ends
 * without that anyone has taken it, the message is acknowledged or, if the route failed, handed
 * back.
 */
final class AmqpListener extends EndpointMessageListener {
  private static final ThreadLocal<@Nullable Loan> CURRENT = new ThreadLocal<>();

  private final boolean transacted;
  private volatile boolean jobs;
  private volatile @Nullable AmqpContainer lender;

  AmqpListener(JmsConsumer consumer, JmsEndpoint endpoint, Processor processor) {
    super(consumer, endpoint, processor);
    transacted = endpoint.isTransacted();
  }

  /**
   * Its messages are jobs. Camel would reply to whatever address a message names, with what the
   * route leaves over; for jobs that is the intake's affair.
   */
  void receiveJobs(JobBinding binding) {
    jobs = true;
    setBinding(binding);
    setDisableReplyTo(true);
  }

  /** Its messages are lent. */
  void lend(AmqpContainer container) {
    lender = container;
  }

  @Override
  public void onMessage(Message message, Session session) throws JMSException {
    AmqpContainer container = lender;
    if (container == null) {
      super.onMessage(message, session);
      return;
    }
    Loan loan = container.lend(message, session);
    CURRENT.set(loan);
    try {
      super.onMessage(message, session);
    } catch (RuntimeException e) {
      loan.failed();
      throw e; // said by the container's error handler
    } finally {
      CURRENT.remove();
    }
  }

  @Override
  public Exchange createExchange(Message message, Session session, Object replyDestination) {
    Exchange exchange = super.createExchange(message, session, replyDestination);
    Loan loan = CURRENT.get();
    if (loan != null) {
      exchange.setProperty(AmqpMessages.LOAN, loan);
      exchange.getExchangeExtension().addOnCompletion(new EndsLoan(loan));
    } else if (jobs) {
      exchange.setProperty(AmqpMessages.LOAN, new Transaction(exchange));
    }
    if (transacted) {
      // Every step ends on this thread then, which has the session that a producer sends in.
      exchange.getExchangeExtension().setTransacted(true);
    }
    return exchange;
  }

  private record EndsLoan(Loan loan) implements Synchronization {
    @Override
    public void onComplete(Exchange exchange) {
      loan.ended();
    }

    @Override
    public void onFailure(Exchange exchange) {
      loan.failed();
    }
  }
}
