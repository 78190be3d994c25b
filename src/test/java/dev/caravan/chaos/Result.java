package dev.caravan.chaos;

/**
 * What became of one request, as its client saw it.
 *
 * @param backend who answered, empty where nobody did
 * @param attempts servers it was sent to, 0 where the client does not know
 * @param detail what is wrong with it, or how it was cut
 * @param firstNanos when the head of the answer was here, equal to {@code endNanos} where none came
 */
record Result(
    Ask ask,
    End end,
    int status,
    String backend,
    int attempts,
    boolean resumed,
    String detail,
    long sentNanos,
    long firstNanos,
    long endNanos) {

  enum End {
    /** The answer came whole, and is the server's own to the last character. */
    WHOLE,
    /** The 400 that it had to be. */
    REJECTED,
    /** The client left, as it was meant to. */
    LEFT,
    /** A part came, and then the client was told that there is no more. */
    CUT,
    /** An error, or nothing, before anything of an answer had come. */
    FAILED,
    /** An answer that is wrong, or ended as if it were whole and is not. */
    FALSE
  }

  /** For people. */
  String line() {
    return ask.id()
        + " "
        + end
        + " status "
        + status
        + " of "
        + (backend.isEmpty() ? "nobody" : backend)
        + " after "
        + attempts
        + " attempts, "
        + ask.question().api()
        + (ask.stream() ? " streamed, " : " in one piece, ")
        + ask.manner()
        + ": "
        + detail;
  }
}
