package dev.caravan.replay;

import java.util.List;

/**
 * Requests as they once came, without their text. Immutable.
 *
 * @param name for reports
 * @param requests in order of arrival, at least one
 */
public record Trace(String name, List<Request> requests) {

  /** Tokens that one id of a trace stands for. */
  public static final int BLOCK_TOKENS = 512;

  /** One request. Immutable. */
  public static final class Request {
    private final double atMillis;
    private final int inputTokens;
    private final int outputTokens;
    private final long[] blocks;

    /**
     * A request.
     *
     * @param atMillis when it came; from which origin does not matter
     * @param inputTokens of its prompt, from 1
     * @param outputTokens of its answer, from 1
     * @param blocks an id for each {@value #BLOCK_TOKENS} tokens of the prompt, the last of which
     *     may have fewer; equal ids are equal text behind equal text. Taken over, not copied
     */
    Request(double atMillis, int inputTokens, int outputTokens, long[] blocks) {
      this.atMillis = atMillis;
      this.inputTokens = inputTokens;
      this.outputTokens = outputTokens;
      this.blocks = blocks;
    }

    /** When it came; from which origin does not matter. */
    public double atMillis() {
      return atMillis;
    }

    /** Tokens of its prompt, from 1. */
    public int inputTokens() {
      return inputTokens;
    }

    /** Tokens of its answer, from 1. */
    public int outputTokens() {
      return outputTokens;
    }

    /** Its blocks' ids; not to be changed. */
    long[] blocks() {
      return blocks;
    }

    /** How many blocks so many tokens are, the last one counted if it is not full. */
    static int blocksOf(int tokens) {
      return (tokens + BLOCK_TOKENS - 1) / BLOCK_TOKENS;
    }
  }

  public Trace {
    requests = List.copyOf(requests);
    if (requests.isEmpty()) {
      throw new IllegalArgumentException("trace " + name + " has no requests");
    }
  }

  /** From the first request to the last, in seconds; above 0. */
  public double seconds() {
    double first = requests.get(0).atMillis();
    double last = requests.get(requests.size() - 1).atMillis();
    return Math.max(1, last - first) / 1_000;
  }

  /** Requests a second, on average. */
  public double rate() {
    return requests.size() / seconds();
  }

  /** What came in the first part of its time; the whole for 1. */
  public Trace first(double share) {
    double until = requests.get(0).atMillis() + share * seconds() * 1_000;
    return new Trace(name, requests.stream().filter(each -> each.atMillis() <= until).toList());
  }
}
