package dev.caravan.queue;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where answers, parts of them, or dead letters go. Safe for any thread that may wait. */
public interface Outlet {

  /** The queue or topic that messages go to which name no other. */
  String destination();

  /**
   * Sends a message; may block while its broker is away, for seconds at most.
   *
   * @param done told once: null when the message is durable, else why it may not be; on any thread
   *     but an event loop
   */
  void send(Outgoing message, Consumer<@Nullable Exception> done);
}
