package dev.caravan.select;

import dev.caravan.request.InferenceRequest;

/**
 * Says whether a server may take a request. Pure: it answers from its arguments alone. Safe for any
 * thread; runs on the event loop, so it neither blocks nor allocates, except for the reason.
 */
public interface Filter {

  /** A short name for logs and error answers: lower case, words joined by {@code -}. */
  String name();

  /** Whether the server may take the request. */
  boolean admits(InferenceRequest request, BackendView view);

  /**
   * Whether the server may take the request where too few of the offered ones are left: a ground
   * that may be wrong does not count then.
   */
  default boolean admitsInPanic(InferenceRequest request, BackendView view) {
    return admits(request, view);
  }

  /**
   * Why not, for people: what stands against the server, without its name. Asked only where {@link
   * #admits} has said no to the same arguments.
   */
  String reason(InferenceRequest request, BackendView view);
}
