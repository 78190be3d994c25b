package dev.caravan.queue;

import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/** A message that a consumer of Camel's has received, and its loan. */
public record Received(QueueMessage message, Delivery delivery) {

  /** Reads the exchanges of one kind of consumer. */
  @FunctionalInterface
  public interface Reader {

    /**
     * What has come, or null where it came from another kind of consumer.
     *
     * @throws Unreadable where no message of that kind can be a job
     */
    @Nullable Received read(Exchange exchange) throws Unreadable;

    /**
     * Reads a message that ends with the exchange it came in, which must not end before the job
     * does: one of a transacted session, say.
     *
     * @return null where it is no such message
     */
    default @Nullable Received readHeld(Exchange exchange) throws Unreadable {
      return null;
    }
  }

  /** A message of which there are no bytes to be read, such as a serialized object. */
  public static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Received what;

    /**
     * One such message.
     *
     * @param reason one sentence for the operator
     * @param what it all the same, with whatever bytes it has
     */
    public Unreadable(String reason, Received what) {
      super(reason);
      this.what = what;
    }

    public Received what() {
      return what;
    }
  }
}
