package dev.caravan.upstream;

/**
 * An answer of which the first byte is here. Its body flows once a sink is attached, and stops
 * flowing while it is paused: the server then feels the back-pressure. All calls on the call's
 * event loop.
 */
public interface Answer {

  ResponseHead head();

  /**
   * Lets the body flow.
   *
   * @param chunked true for HTTP/1.1 chunks ready for the wire, the last one included; false for
   *     the plain bytes
   */
  void attach(BodySink sink, boolean chunked);

  /** Stops or resumes reading from the server. */
  void pause(boolean paused);
}
