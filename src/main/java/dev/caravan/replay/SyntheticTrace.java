package dev.caravan.replay;

import dev.caravan.time.Chance;
import java.util.ArrayList;
import java.util.List;

/**
 * A trace of made-up conversations of which a few are very popular: the k-th of them is asked for
 * in proportion to 1/k. Each is a document of 2,048 to 14,336 tokens that all its requests begin
 * with, and each request adds a question of 128 to 1,151 tokens and gets an answer of 32 to 287.
 * Arrivals are independent, one a second on average.
 */
final class SyntheticTrace {
  /** As options spell it. */
  static final String NAME = "zipf";

  private static final int REQUESTS = 2_000;
  private static final int CHATS = 6_000;
  private static final int DOCUMENTS = 400;

  private SyntheticTrace() {}

  /**
   * A file of batch work: prompts of which no two begin alike.
   *
   * @param prompt times 256 to 1,791 tokens are a prompt
   * @param answer times 32 to 287 tokens are an answer
   */
  static Trace jobs(long seed, int count, int prompt, int answer) {
    Chance chance = Chance.seeded(seed);
    List<Trace.Request> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int input = prompt * (256 + chance.below(1_536));
      long[] blocks = new long[Trace.Request.blocksOf(input)];
      for (int b = 0; b < blocks.length; b++) {
        blocks[b] = 1L << 40 | (long) i << 16 | b;
      }
      requests.add(new Trace.Request(i, input, answer * (32 + chance.below(256)), blocks));
    }
    return new Trace("jobs", requests);
  }

  /** Questions of 100 to 999 tokens that begin differently, with answers of 32 to 287. */
  static Trace chat(long seed) {
    Chance chance = Chance.seeded(seed);
    List<Trace.Request> requests = new ArrayList<>();
    double at = 0;
    for (int i = 0; i < CHATS; i++) {
      at += -1_000 * Math.log(1 - chance.unit());
      int input = 100 + chance.below(900);
      long[] blocks = new long[Trace.Request.blocksOf(input)];
      for (int b = 0; b < blocks.length; b++) {
        blocks[b] = 1L << 41 | i * 2L + b;
      }
      requests.add(new Trace.Request(at, input, 32 + chance.below(256), blocks));
    }
    return new Trace("chat", requests);
  }

  static Trace zipf(long seed) {
    Chance chance = Chance.seeded(seed);
    double[] reach = new double[DOCUMENTS];
    int[] lengths = new int[DOCUMENTS];
    double sum = 0;
    for (int i = 0; i < DOCUMENTS; i++) {
      sum += 1.0 / (i + 1);
      reach[i] = sum;
      lengths[i] = 4 + chance.below(25);
    }
    List<Trace.Request> requests = new ArrayList<>();
    double at = 0;
    for (int i = 0; i < REQUESTS; i++) {
      at += -1_000 * Math.log(1 - chance.unit());
      double drawn = chance.unit() * sum;
      int document = 0;
      while (reach[document] < drawn) {
        document++;
      }
      int shared = lengths[document];
      int input = shared * Trace.BLOCK_TOKENS + 128 + chance.below(1_024);
      long[] blocks = new long[Trace.Request.blocksOf(input)];
      for (int b = 0; b < blocks.length; b++) {
        blocks[b] = b < shared ? document * 32L + b : 1_000_000 + i * 4L + (b - shared);
      }
      requests.add(new Trace.Request(at, input, 32 + chance.below(256), blocks));
    }
    return new Trace(NAME, requests);
  }
}
