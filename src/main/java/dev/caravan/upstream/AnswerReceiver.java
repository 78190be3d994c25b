package dev.caravan.upstream;

import dev.caravan.outcome.Outcome;

/** Learns what came of one attempt: exactly one of its methods is called, once, on the loop. */
public interface AnswerReceiver {

  /**
   * The head and the first byte of the body are here, or the whole of an empty body: from now on no
   * other server can be tried. The body waits until {@link Answer#attach}.
   */
  void answered(Answer answer);

  /** The attempt failed before that. The lease has been closed with the same outcome. */
  void failed(Outcome outcome);
}
