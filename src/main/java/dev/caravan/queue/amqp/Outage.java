package dev.caravan.queue.amqp;

import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says once that a broker cannot be used, and once that it can again. Safe for any thread. */
final class Outage {
  private static final Logger LOG = LoggerFactory.getLogger(Outage.class);

  private final String broker;
  private volatile @Nullable String told;

  Outage(String broker) {
    this.broker = broker;
  }

  /** It failed; another reason than the last is told as well. */
  void failed(String queue, Throwable cause) {
    String reason = reason(cause);
    synchronized (this) {
      if (reason.equals(told)) {
        return;
      }
      told = reason;
    }
    LOG.warn("Nothing comes from {} of {} until it can be reached: {}", queue, broker, reason);
  }

  /** It works. */
  void over(String queue) {
    if (told == null) {
      return;
    }
    synchronized (this) {
      told = null;
    }
    LOG.info("Messages come from {} of {} again", queue, broker);
  }

  /** What went wrong in the first place, in a few words. */
  static String reason(Throwable cause) {
    Throwable root = cause;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    String message = root.getMessage();
    if (root instanceof UnknownHostException) {
      return "unknown host " + message;
    }
    return message == null ? root.getClass().getSimpleName() : message;
  }
}
