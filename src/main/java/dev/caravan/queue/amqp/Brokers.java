package dev.caravan.queue.amqp;

import dev.caravan.time.Ticker;
import jakarta.jms.Connection;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.JMSException;
import java.util.concurrent.TimeUnit;
import org.apache.qpid.jms.JmsConnectionFactory;
import org.apache.qpid.jms.policy.JmsDefaultDeserializationPolicy;
import org.apache.qpid.jms.policy.JmsDefaultPrefetchPolicy;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jms.connection.CachingConnectionFactory;

/**
 * Connections to one broker, or to brokers that stand in for each other. Safe for any thread.
 *
 * <p>Those that lend messages have a connection each, of {@link #plain}: a session that a cache
 * keeps open would keep its messages as well. All others share one, of {@link #shared}.
 */
final class Brokers {
  private static final Logger LOG = LoggerFactory.getLogger(Brokers.class);

  /**
   * What may be on its way or in memory here before anyone has asked for it. It hides the road to
   * the broker (50 messages in a round trip of 5 ms are 10,000 a second) and is little enough that
   * a gateway does not keep work from others.
   */
  private static final int PREFETCH = 50;

  /**
   * How long a broker may take to accept a connection, a link, or a message, and to give credit for
   * one when a queue is full. A job's answer is tried again after that.
   */
  private static final long ANSWER_MILLIS = 10_000;

  /** How long a close may take, so that a dead broker does not hold up the gateway's end. */
  private static final long CLOSE_MILLIS = 3_000;

  /**
   * Sessions that stay open, each with a link for each queue it has sent to: as many as threads
   * that send at once, with room.
   */
  private static final int SESSIONS = 64;

  private final JmsConnectionFactory plain;
  private final Shared shared;
  private final String name;

  Brokers(String url, @Nullable String username, @Nullable String password, Ticker ticker) {
    plain = new JmsConnectionFactory(username, password, bounded(url));
    name = withoutOptions(url);
    plain.setTopicPrefix("topic://"); // as Camel's own component does
    plain.setValidatePropertyNames(false); // names with "-" are no Java names
    // What is no text and no bytes is refused before; this is the second lock on that door.
    JmsDefaultDeserializationPolicy nothing = new JmsDefaultDeserializationPolicy();
    nothing.setDenyList(JmsDefaultDeserializationPolicy.CATCH_ALL_WILDCARD);
    plain.setDeserializationPolicy(nothing);
    if (!url.contains("jms.prefetchPolicy")) {
      JmsDefaultPrefetchPolicy prefetch = new JmsDefaultPrefetchPolicy();
      prefetch.setAll(PREFETCH);
      plain.setPrefetchPolicy(prefetch);
    }
    if (!url.contains("jms.localMessageExpiry")) {
      plain.setLocalMessageExpiry(false); // a job that has expired gets an answer that says so
    }
    if (!url.contains("jms.connectTimeout")) {
      plain.setConnectTimeout(ANSWER_MILLIS);
    }
    if (!url.contains("jms.requestTimeout")) {
      plain.setRequestTimeout(ANSWER_MILLIS);
    }
    if (!url.contains("jms.sendTimeout")) {
      plain.setSendTimeout(ANSWER_MILLIS);
    }
    if (!url.contains("jms.closeTimeout")) {
      plain.setCloseTimeout(CLOSE_MILLIS);
    }
    if (!url.contains("jms.receiveLocalOnly")) {
      // Messages come by themselves, as far as is prefetched: nobody need ask whether there are
      // more.
      plain.setReceiveLocalOnly(true);
    }
    shared = new Shared(plain, name, ticker);
  }

  /** Where the brokers are, for the log: no options, among which passwords of keys may be. */
  String name() {
    return name;
  }

  /** Every connection it makes is a new one. */
  ConnectionFactory plain() {
    return plain;
  }

  /** One connection for everyone, made when it is first asked for, and anew when it broke. */
  CachingConnectionFactory shared() {
    return shared;
  }

  /**
   * A first connection by {@code failover:} is otherwise tried for ever, by the thread that asks.
   */
  private static String bounded(String url) {
    if (!url.startsWith("failover:") || url.contains("failover.startupMaxReconnectAttempts")) {
      return url;
    }
    char next = url.substring(url.lastIndexOf(')') + 1).contains("?") ? '&' : '?';
    return url + next + "failover.startupMaxReconnectAttempts=3";
  }

  private static String withoutOptions(String url) {
    return url.replaceAll("\\?[^,)]*", "").replaceAll("//[^/@,)]*@", "//");
  }

  /**
   * One connection, and its sessions, for all who send. Who waited for a connection that another
   * tried to make, in vain, does not try it once more: many of them would wait for each other.
   */
  private static final class Shared extends CachingConnectionFactory {
    private static final long TRUST_FAILURE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String name;
    private final Ticker ticker;
    private @Nullable JMSException failure; // guarded by the lock that doCreateConnection is in
    private long failureNanos;
    private volatile @Nullable Connection current;

    Shared(ConnectionFactory plain, String name, Ticker ticker) {
      super(plain);
      this.name = name;
      this.ticker = ticker;
      setSessionCacheSize(SESSIONS);
      // A consumer has its session for itself; what it fetched goes back when it is closed.
      setCacheConsumers(false);
      setReconnectOnException(true);
    }

    @Override
    protected Connection doCreateConnection() throws JMSException {
      JMSException last = failure;
      if (last != null && ticker.nanos() - failureNanos < TRUST_FAILURE_NANOS) {
        throw unreachable(last);
      }
      try {
        Connection made = super.doCreateConnection();
        failure = null;
        current = made;
        return made;
      } catch (JMSException e) {
        failure = e;
        failureNanos = ticker.nanos();
        throw unreachable(e);
      }
    }

    private JMSException unreachable(JMSException cause) {
      JMSException said =
          new JMSException("no connection to " + name + ": " + Outage.reason(cause));
      said.initCause(cause);
      return said;
    }

    /** The connection first: else each cached session would wait for a broker that is gone. */
    @Override
    public void resetConnection() {
      Connection was = current;
      current = null;
      if (was != null) {
        closeConnection(was);
      }
      super.resetConnection();
    }

    @Override
    public void onException(JMSException e) {
      LOG.warn("Lost the connection to {}: {}", name, Outage.reason(e));
      resetConnection();
    }
  }
}
