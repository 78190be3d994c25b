package dev.caravan.ingress;

import dev.caravan.outcome.Outcome;
import dev.caravan.upstream.Call;
import org.jspecify.annotations.Nullable;

/** Learns how each client's request ended: meters and the access log. Must not block. */
@FunctionalInterface
public interface RequestEnd {

  /**
   * One request is over, its answer written.
   *
   * @param call what was asked; null where it could not be read
   * @param path the path asked for, one of a fixed set, or {@code other}
   * @param status the status that the client was sent, or 0 where it left before
   * @param outcome how it ended for the client
   * @param startNanos when its head had arrived
   * @param bytesOut the bytes of body sent
   */
  void ended(
      @Nullable Call call,
      String requestId,
      String path,
      int status,
      Outcome outcome,
      long startNanos,
      long bytesOut);
}
