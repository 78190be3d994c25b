package dev.caravan.simulator;

import java.util.ArrayList;

/** The step that an engine puts together or works on: who takes part, and what that costs. */
final class Step {
  final ArrayList<Sequence> sequences = new ArrayList<>();
  private int budget;
  private int prefillTokens;
  private int decodeTokens;
  private double attendedPairs;
  private long decodeContext;

  /** Begins an empty step with room for so many tokens. */
  void clear(int tokenBudget) {
    sequences.clear();
    budget = tokenBudget;
    prefillTokens = 0;
    decodeTokens = 0;
    attendedPairs = 0;
    decodeContext = 0;
  }

  boolean hasRoom() {
    return budget > 0;
  }

  /** Gives a sequence the tokens that it misses, as far as the budget goes. */
  void add(Sequence sequence) {
    int missing = sequence.knownTokens() - sequence.computedTokens;
    int tokens = Math.min(missing, budget);
    budget -= tokens;
    if (missing == 1 && sequence.madeTokens > 0) {
      decodeTokens++;
      decodeContext += sequence.computedTokens;
    } else {
      prefillTokens += tokens;
      attendedPairs += tokens * (sequence.computedTokens + tokens / 2.0);
    }
    sequence.scheduledTokens = tokens;
    sequences.add(sequence);
  }

  int prefillTokens() {
    return prefillTokens;
  }

  int decodeTokens() {
    return decodeTokens;
  }

  /** How long it takes, in nanoseconds, from 1. */
  long nanos(StepTime time) {
    return time.nanos(prefillTokens + decodeTokens, attendedPairs, decodeContext, sequences.size());
  }
}
