package dev.caravan.queue;

/** Where consumers of queues put what they receive. Safe for any thread. */
public interface Intake {

  /** The name that its {@code jobs:} endpoint has. */
  String name();

  /**
   * How many more messages it takes now; 0 or less for none. It can change at any time, and grows
   * again when jobs end or a pool has room again.
   */
  int room();

  /**
   * Waits until there is room, as long as may be; ends early when the gateway stops.
   *
   * @return whether there is
   */
  boolean awaitRoom(long millis) throws InterruptedException;

  /**
   * Hands a message over. It never waits, and takes the message even where there is no room: it is
   * the consumer that keeps to {@link #room}. Whatever comes of it, the delivery learns.
   */
  void offer(QueueMessage message, Delivery delivery);
}
