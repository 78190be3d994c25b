package dev.caravan.limit;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What the requests of one pool cost, as its servers say: how many tokens its prompts have for each
 * that a count of bytes suggests, and how many an answer has. Both are moving averages, and start
 * at what is true of ordinary English text and short answers.
 *
 * <p>Safe for any thread: two numbers of 32 bits in one atomic.
 */
public final class Estimate {
  /** The weight of one answer: the last fifty or so count. Chosen without experiment. */
  private static final float WEIGHT = 0.04f;

  /*
   * Bytes of a token: four is what InferenceRequest.promptTokens() takes. Source code has about
   * three, Chinese two to three, random ids one; white space up to thirty.
   */
  private static final float SMALLEST_FACTOR = 1f / 8;
  private static final float LARGEST_FACTOR = 8;

  /** The tokens of an answer of which nothing is known yet; chosen without experiment. */
  static final float FIRST_ANSWER = 256;

  /** The most that is reserved for an answer whose client states no limit. */
  private static final float LARGEST_ANSWER = 32_768;

  private final AtomicLong state = new AtomicLong(pack(1, FIRST_ANSWER));

  private static long pack(float factor, float answer) {
    return (long) Float.floatToRawIntBits(factor) << 32
        | (Float.floatToRawIntBits(answer) & 0xFFFF_FFFFL);
  }

  private static float factor(long packed) {
    return Float.intBitsToFloat((int) (packed >>> 32));
  }

  private static float answer(long packed) {
    return Float.intBitsToFloat((int) packed);
  }

  /** How many tokens a prompt has of which {@code guessed} are suggested by its bytes, from 1. */
  public long prompt(int guessed) {
    return Math.max(1, (long) Math.ceil(guessed * factor(state.get())));
  }

  /** How many tokens an answer has on average. */
  public long answer() {
    return (long) Math.ceil(answer(state.get()));
  }

  /** Bytes of a token in text. */
  public double bytesPerToken() {
    return 4 / factor(state.get());
  }

  /**
   * Learns from an answer.
   *
   * @param guessed the prompt's tokens by its bytes
   * @param prompt as the server counted them; -1 where it did not
   * @param completion likewise of the answer
   */
  void learn(int guessed, long prompt, long completion) {
    while (true) {
      long before = state.get();
      float factor = factor(before);
      float answer = answer(before);
      // Short prompts are mostly the template around them, and say little of text.
      if (guessed >= 16 && prompt > 0) {
        factor += WEIGHT * (bounded((float) prompt / guessed) - factor);
      }
      if (completion >= 0) {
        answer += WEIGHT * (Math.min(LARGEST_ANSWER, (float) completion) - answer);
      }
      if (state.compareAndSet(before, pack(factor, answer))) {
        return;
      }
    }
  }

  private static float bounded(float factor) {
    return Math.max(SMALLEST_FACTOR, Math.min(LARGEST_FACTOR, factor));
  }
}
