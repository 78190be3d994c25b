package dev.caravan.queue;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The loan of one message by its broker. It ends once, with {@link #settle}, {@link #settleWith} or
 * {@link #handBack}; further calls do nothing. Safe for any thread.
 */
public interface Delivery {

  /**
   * What came of the message is durable: the broker may forget it. May block for a moment; never
   * called on an event loop. Where the loan is gone, because the connection or the partition is,
   * nothing happens: the broker delivers the message again, to whomever.
   */
  void settle();

  /**
   * Nothing came of the message: the broker is to deliver it again, here or to another consumer. As
   * {@link #settle} otherwise.
   */
  void handBack();

  /**
   * Sends a message and settles this one in a single step, where the broker can, so that a crash
   * between the two cannot be.
   *
   * @param done told once how that went, null for well; on any thread but never an event loop
   * @return false where that is not this delivery's way, and nothing was done
   */
  default boolean settleWith(Outgoing message, Consumer<@Nullable Exception> done) {
    return false;
  }

  /**
   * Whether its consumer may be kept waiting within the hand-over until there is room for the next
   * message. Where not, it looks at {@link Intake#room} itself and hands over only so much more.
   */
  boolean consumerMayWait();

  /** Whether the loan is over, as far as is known here: whoever has not begun need not begin. */
  default boolean lost() {
    return false;
  }

  /**
   * Whether the loan went with its connection, session or partition, so that the broker delivers
   * the message again and whoever has it here cannot answer for it. To ask so is not to begin.
   */
  default boolean redelivered() {
    return false;
  }
}
