package dev.caravan.queue;

import dev.caravan.time.LogThrottle;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.spi.IdempotentRepository;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Knows which jobs have been answered lately, by their {@code custom_id}, in a repository of
 * Camel's. An id goes in when its answer is durable, not before: one that is lost on the way must
 * not look as if it were answered. A repository that fails holds up no job: what it does not know
 * runs again. Safe for any thread that may wait.
 */
final class Repeats {
  private static final Logger LOG = Logger.getLogger(Repeats.class);

  private final @Nullable IdempotentRepository answered;
  private final LogThrottle throttle;
  private final ConcurrentHashMap<String, Delivery> running = new ConcurrentHashMap<>();

  /**
   * @param answered null where repeats are not looked for
   */
  Repeats(@Nullable IdempotentRepository answered, LogThrottle throttle) {
    this.answered = answered;
    this.throttle = throttle;
  }

  /** Whether they are in that repository. */
  @SuppressWarnings("ReferenceEquality") // another with the same ids is still another
  boolean in(@Nullable IdempotentRepository repository) {
    return answered == repository;
  }

  /**
   * A job comes.
   *
   * @param by its message
   * @return whether its id is new; where not, it is answered, or is being answered by a message
   *     that its broker still holds for us
   */
  @SuppressWarnings("ReferenceEquality") // this message or another one
  boolean begin(String id, Delivery by) {
    IdempotentRepository known = answered;
    if (known == null) {
      return true;
    }
    // One that went with its connection is not answered by who has it: this may be it again.
    Delivery first =
        running.compute(id, (same, other) -> other == null || other.redelivered() ? by : other);
    if (first != by) {
      return false;
    }
    boolean fresh = !contains(known, id);
    if (!fresh) {
      running.remove(id, by);
    }
    return fresh;
  }

  private boolean contains(IdempotentRepository known, String id) {
    try {
      return known.contains(id);
    } catch (RuntimeException e) {
      failed(e);
      return false;
    }
  }

  /**
   * A job that had begun is over.
   *
   * @param by its message
   * @param durable whether its answer is
   */
  void end(String id, Delivery by, boolean durable) {
    IdempotentRepository known = answered;
    if (known == null) {
      return;
    }
    try {
      if (durable) {
        known.add(id);
      }
    } catch (RuntimeException e) {
      failed(e);
    } finally {
      running.remove(id, by);
    }
  }

  private void failed(RuntimeException why) {
    if (throttle.enter() >= 0) {
      LOG.warnf("The repository of answered jobs failed, repeats may run again: %s", why);
    }
  }
}
