package dev.caravan.route.jobs;

import dev.caravan.queue.JobQueue;
import dev.caravan.queue.QueueMessage;
import dev.caravan.queue.Received;
import dev.caravan.queue.Received.Reader;
import dev.caravan.queue.Received.Unreadable;
import java.util.List;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.support.DefaultAsyncProducer;
import org.jspecify.annotations.Nullable;

/**
 * Hands messages over to a queue of jobs. One that its broker has lent is off the exchange's hands
 * then; any other exchange waits until its job is over.
 */
final class JobsProducer extends DefaultAsyncProducer {
  /** How long it waits for room at a time, so that a consumer that is to stop does. */
  private static final long LOOK_MILLIS = 200;

  private final JobQueue queue;
  private final List<Reader> readers;

  JobsProducer(JobsEndpoint endpoint, JobQueue queue, List<Reader> readers) {
    super(endpoint);
    this.queue = queue;
    this.readers = readers;
  }

  @Override
  public boolean process(Exchange exchange, AsyncCallback callback) {
    Received received = null;
    String unreadable = null;
    try {
      received = queue.answersGoBack() ? null : first(Reader::read, exchange);
    } catch (Unreadable e) {
      received = e.what();
      unreadable = String.valueOf(e.getMessage());
    }
    if (received == null) {
      return hold(exchange, callback);
    }
    if (unreadable != null) {
      queue.offerUnreadable(received.message(), received.delivery(), unreadable);
    } else {
      queue.offer(received.message(), received.delivery());
    }
    if (received.delivery().consumerMayWait()) {
      await();
    }
    callback.done(true);
    return true;
  }

  /** The exchange ends when its job does. */
  private boolean hold(Exchange exchange, AsyncCallback callback) {
    boolean back = queue.answersGoBack();
    try {
      Received held = first(Reader::readHeld, exchange);
      QueueMessage message = held == null ? ExchangeDelivery.message(exchange) : held.message();
      queue.offer(message, new ExchangeDelivery(exchange, callback, held, back));
    } catch (Unreadable e) {
      queue.offerUnreadable(
          e.what().message(),
          new ExchangeDelivery(exchange, callback, e.what(), back),
          String.valueOf(e.getMessage()));
    }
    return false;
  }

  /** How one kind of reader reads. */
  private interface Way {
    @Nullable Received read(Reader reader, Exchange exchange) throws Unreadable;
  }

  private @Nullable Received first(Way way, Exchange exchange) throws Unreadable {
    for (Reader reader : readers) {
      Received found = way.read(reader, exchange);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  /** The consumer takes the next message when there is room for it. */
  private void await() {
    try {
      while (isRunAllowed() && queue.isOpen() && !queue.awaitRoom(LOOK_MILLIS)) {
        // Looks again whether it is to stop.
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
