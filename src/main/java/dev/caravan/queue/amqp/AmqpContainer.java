package dev.caravan.queue.amqp;

import dev.caravan.queue.Intake;
import jakarta.jms.Connection;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.Session;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.component.jms.DefaultJmsMessageListenerContainer;
import org.apache.camel.component.jms.JmsEndpoint;
import org.apache.qpid.jms.JmsConnection;
import org.jspecify.annotations.Nullable;
import org.springframework.jms.support.JmsUtils;
import org.springframework.util.backoff.BackOffExecution;
import org.springframework.util.backoff.FixedBackOff;

/**
 * The threads that receive messages for one consumer. The first connection is made by one of them:
 * a broker that is down holds up no start, and is waited for.
 *
 * <p>One that {@link #lendTo lends} acknowledges nothing itself, and when it stops, what was
 * fetched ahead goes back to the broker, uncounted, while its sessions stay open for what is lent.
 * ADR 15 has the reasons.
 */
final class AmqpContainer extends DefaultJmsMessageListenerContainer {

  /** Qpid JMS's mode in which each message is acknowledged alone. */
  private static final int INDIVIDUAL_ACKNOWLEDGE = 101;

  /** How long a wait for room goes on before it looks whether the container has been stopped. */
  private static final long LOOK_MILLIS = 200;

  private final Brokers brokers;
  private final JmsEndpoint endpoint;
  private final Outage outage;
  private final AtomicInteger connections = new AtomicInteger();
  private final Set<FetchedConsumer> consumers = ConcurrentHashMap.newKeySet();
  private volatile List<Intake> intakes = List.of();
  private volatile boolean lends;

  /** How many messages of this connection are lent; a new one for each. */
  private volatile AtomicInteger lent = new AtomicInteger();

  private volatile boolean paused;
  private volatile boolean connectedOnce;

  /**
   * A connection that waits to become the shared one; made and taken by the thread that recovers.
   */
  private @Nullable Connection made;

  /** Who listens to the connection that was made last; as above. */
  private @Nullable Losses listening;

  /** Who listens to the shared connection: what is heard of one before it is of the past. */
  private volatile @Nullable Losses current;

  AmqpContainer(JmsEndpoint endpoint, Brokers brokers) {
    super(endpoint);
    this.endpoint = endpoint;
    this.brokers = brokers;
    this.outage = new Outage(brokers.name());
  }

  /** To be called before it starts. */
  void lendTo(List<Intake> takers) {
    if (getConnectionFactory() == brokers.shared()) {
      setConnectionFactory(brokers.plain());
    }
    setSessionAcknowledgeMode(INDIVIDUAL_ACKNOWLEDGE);
    setAcknowledgeAfterListener(false);
    setCacheLevel(CACHE_CONSUMER);
    // A thread that is let go when there is little to do would take its session, and all that is
    // lent of it, with it.
    int threads = Math.max(endpoint.getConcurrentConsumers(), endpoint.getMaxConcurrentConsumers());
    setMaxConcurrentConsumers(threads);
    setConcurrentConsumers(threads);
    lends = true;
    heed(takers);
  }

  /**
   * Receives only while one of them has room; to be called before it starts. A message in a
   * transaction, too, is better not received than given back: brokers count that, and drop what
   * comes back too often.
   */
  void heed(List<Intake> takers) {
    intakes = List.copyOf(takers);
  }

  /** A loan of a message that this has received. */
  Loan lend(Message message, Session session) {
    int connection = connections.get();
    AtomicInteger counter = lent;
    counter.incrementAndGet();
    return new Loan(message, session, this, connection, counter);
  }

  /** How many messages are lent, those not counted that went with their connection. */
  int lent() {
    return lent.get();
  }

  /** Who hears of the connection's losses; null before the first. */
  @Nullable Losses losses() {
    return current;
  }

  /** Which connection this is; another number when it broke, for the messages before are lost. */
  int connection() {
    return connections.get();
  }

  // Receiving.

  @Override
  protected MessageConsumer createListenerConsumer(Session session) throws JMSException {
    return lends
        ? new FetchedConsumer(
            () -> super.createListenerConsumer(session), this::mayReceive, consumers)
        : super.createListenerConsumer(session);
  }

  @Override
  protected @Nullable Message receiveMessage(MessageConsumer consumer) throws JMSException {
    if (!intakes.isEmpty() && !awaitRoom()) {
      return null;
    }
    Message message = super.receiveMessage(consumer);
    outage.over(destination());
    return message;
  }

  /** Room in one intake is enough: which one the next message is for, nobody knows. */
  private boolean awaitRoom() {
    try {
      awaitResumption();
      while (mayReceive()) {
        for (Intake each : intakes) {
          if (each.room() > 0) {
            return true;
          }
        }
        intakes.get(0).awaitRoom(LOOK_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  private synchronized void awaitResumption() throws InterruptedException {
    while (paused && isRunning()) {
      wait(LOOK_MILLIS);
    }
  }

  private boolean mayReceive() {
    return !paused && isRunning();
  }

  @Override
  protected void doExecuteListener(Session session, Message message) throws JMSException {
    if (lends && !mayReceive()) {
      Loan.release(message);
    } else {
      super.doExecuteListener(session, message);
    }
  }

  /** What is lent must not be taken back because of another message of its session. */
  @Override
  protected void rollbackIfNecessary(Session session) throws JMSException {
    if (!lends) {
      super.rollbackIfNecessary(session);
    }
  }

  /** As above; the loan of the message that failed has been ended by whom it belongs to. */
  @Override
  protected void rollbackOnExceptionIfNecessary(Session session, Throwable e) throws JMSException {
    if (!lends) {
      super.rollbackOnExceptionIfNecessary(session, e);
    }
  }

  /**
   * Spring's container would close its sessions now, and what is lent would be lost; so one that
   * lends pauses, until it is started again or destroyed.
   */
  @Override
  public void stop() {
    if (lends) {
      paused = true;
      consumers.forEach(FetchedConsumer::handBack);
    } else {
      super.stop();
    }
  }

  /** Camel's container closes its sessions as soon as Camel begins to stop; as above. */
  @Override
  protected boolean isAllowQuickStop() {
    return !lends && super.isAllowQuickStop();
  }

  @Override
  public void start() {
    synchronized (this) {
      paused = false;
      notifyAll();
    }
    super.start();
  }

  // Connecting.

  /** Left to the threads that receive: this one may be the one that starts the gateway. */
  @Override
  protected void establishSharedConnection() {}

  @Override
  protected Connection createSharedConnection() throws JMSException {
    Connection ready = made;
    made = null;
    return ready == null ? super.createSharedConnection() : ready;
  }

  @Override
  protected void prepareSharedConnection(Connection connection) throws JMSException {
    super.prepareSharedConnection(connection);
    if (lends && connection instanceof JmsConnection ours) {
      Losses losses = new Losses(this::lost);
      ours.addConnectionListener(losses);
      listening = losses;
    }
  }

  @Override
  protected void handleListenerSetupFailure(Throwable e, boolean alreadyRecovered) {
    if (connectedOnce && !alreadyRecovered && isRunning()) {
      outage.failed(destination(), e);
    }
  }

  /** Connects before it takes the lock that stopping needs. */
  @Override
  protected void refreshConnectionUntilSuccessful() {
    BackOffExecution pauses =
        new FixedBackOff(endpoint.getRecoveryInterval(), Long.MAX_VALUE).start();
    while (isRunning()) {
      try {
        if (sharedConnectionEnabled()) {
          connect();
        } else {
          JmsUtils.closeConnection(createConnection());
        }
        connectedOnce = true;
        return;
      } catch (JMSException | RuntimeException e) {
        outage.failed(destination(), e);
      }
      if (Thread.currentThread().isInterrupted() || !super.applyBackOffTime(pauses)) {
        return;
      }
    }
  }

  private void otherConnection() {
    connections.incrementAndGet();
    lent = new AtomicInteger();
  }

  private void connect() throws JMSException {
    Connection fresh = super.createSharedConnection();
    try {
      fresh.start(); // with failover: this is what waits for the broker
    } catch (JMSException e) {
      JmsUtils.closeConnection(fresh);
      throw e;
    }
    otherConnection();
    current = listening;
    made = fresh;
    refreshSharedConnection();
  }

  /** There is nothing to recover from before the first connection. */
  @Override
  protected boolean applyBackOffTime(BackOffExecution pauses) {
    return !connectedOnce || super.applyBackOffTime(pauses);
  }

  private String destination() {
    String name = endpoint.getDestinationName();
    return (isPubSubDomain() ? "topic " : "queue ") + (name == null ? "?" : name);
  }

  /** Late news of another connection must not cost what this one has delivered. */
  @SuppressWarnings("ReferenceEquality") // this connection's or another one's
  private void lost(Losses of) {
    if (of == current) {
      otherConnection();
    }
  }
}
