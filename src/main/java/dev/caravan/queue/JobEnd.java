package dev.caravan.queue;

import dev.caravan.outcome.Outcome;
import dev.caravan.upstream.Call;
import org.jspecify.annotations.Nullable;

/** Learns how each job ended: the access log. Must not block. */
@FunctionalInterface
public interface JobEnd {

  /**
   * A job is over, its answer durable.
   *
   * @param jobs the name of its {@code jobs:} endpoint
   * @param call its last try; null where it never ran
   * @param status what it was answered with, or 0
   */
  void ended(
      String jobs,
      String customId,
      @Nullable Call call,
      String requestId,
      int status,
      Outcome outcome,
      long durationNanos,
      long bytesOut);
}
