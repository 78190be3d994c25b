package dev.caravan.resume;

import dev.caravan.outcome.Outcome;
import dev.caravan.request.InferenceRequest;
import dev.caravan.upstream.AnswerReceiver;

/** Finds the server that goes on with an answer. All calls on the call's event loop. */
public interface Resumer {

  /** What became of an answer that broke off; a label for metrics. */
  enum Result {
    /** Another server goes on. */
    RESUMED("resumed"),
    /** All of the answer was there but its end, which was added. */
    FINISHED("finished"),
    /** It is of a kind that cannot be resumed; the client was told that it is not complete. */
    REFUSED("refused"),
    /** No other server could go on; the client was told that it is not complete. */
    FAILED("failed");

    private final String label;

    Result(String label) {
      this.label = label;
    }

    public String label() {
      return label;
    }
  }

  /**
   * Sends a request to a server that has not had it yet. The call's lease must be closed.
   *
   * @param continued the client's request with the answer so far
   * @param receiver told once, on the loop; not at all where the client leaves meanwhile
   */
  void resume(InferenceRequest continued, AnswerReceiver receiver);

  /**
   * Told once for each time that an answer broke off.
   *
   * @param broken how its server ended
   * @param detail why it was refused or failed; holds nothing of the prompt or the answer
   */
  void concluded(Result result, Outcome broken, String detail);
}
