package dev.caravan.queue;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.spi.IdempotentRepository;
import org.jspecify.annotations.Nullable;

/**
 * Knows which jobs have been answered lately, by their {@code custom_id}, in a repository of
 * Camel's. An id goes in when its answer is durable, not before: one that is lost on the way must
 * not look as if it were answered. Safe for any thread that may wait.
 */
final class Repeats {
  private final @Nullable IdempotentRepository answered;
  private final Set<String> running = ConcurrentHashMap.newKeySet();

  /**
   * @param answered null where repeats are not looked for
   */
  Repeats(@Nullable IdempotentRepository answered) {
    this.answered = answered;
  }

  /** Whether they are in that repository. */
  @SuppressWarnings("ReferenceEquality") // another with the same ids is still another
  boolean in(@Nullable IdempotentRepository repository) {
    return answered == repository;
  }

  /**
   * A job comes.
   *
   * @return whether its id is new; where not, it is answered, or is being answered
   */
  boolean begin(String id) {
    return answered == null || (running.add(id) && isNew(id));
  }

  private boolean isNew(String id) {
    IdempotentRepository known = answered;
    boolean fresh = known == null || !known.contains(id);
    if (!fresh) {
      running.remove(id);
    }
    return fresh;
  }

  /**
   * A job that had begun is over.
   *
   * @param durable whether its answer is
   */
  void end(String id, boolean durable) {
    IdempotentRepository known = answered;
    if (known != null) {
      if (durable) {
        known.add(id);
      }
      running.remove(id);
    }
  }
}
