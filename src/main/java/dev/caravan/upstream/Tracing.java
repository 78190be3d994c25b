package dev.caravan.upstream;

import dev.caravan.request.Api;

/** Begins the traces of requests and jobs. Safe for any thread; never waits. */
public interface Tracing {

  /**
   * A client's request, of which nothing but its head is known.
   *
   * @param said what its client says of the trace that it is part of
   * @param startNanos when its head had arrived
   */
  Trace request(Api api, TraceContext said, long startNanos);

  /**
   * A job that was taken from a queue.
   *
   * @param jobs the name of its {@code jobs:} endpoint
   * @param said what its message says of the trace that it is part of
   */
  Trace job(Api api, String jobs, TraceContext said, long startNanos);
}
