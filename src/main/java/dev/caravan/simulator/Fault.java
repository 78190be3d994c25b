package dev.caravan.simulator;

import org.jspecify.annotations.Nullable;

/**
 * What can be made to go wrong with a {@link SimulatedServer}. {@link Refuse}, {@link Slow}, {@link
 * Freeze} and {@link Unhealthy} are of the whole server; the others strike requests for inference,
 * while {@code /health}, {@code /metrics} and {@code /v1/models} go on answering, as those of a
 * server with a stuck engine do.
 */
public sealed interface Fault {

  /** How it is spelled on the simulator's admin path. */
  String kind();

  /** Whether it strikes single requests, and so may be limited to some of them. */
  default boolean perRequest() {
    return true;
  }

  /**
   * The listening socket is closed and so are all connections; the same port opens again later.
   *
   * @param forSeconds after which it heals by itself; 0 is never, from 0
   */
  record Refuse(double forSeconds) implements Fault {
    public Refuse {
      if (!(forSeconds >= 0)) {
        throw new IllegalArgumentException("forSeconds must be from 0, was " + forSeconds);
      }
    }

    /** Until healed. */
    public Refuse() {
      this(0);
    }

    @Override
    public String kind() {
      return "refuse";
    }

    @Override
    public boolean perRequest() {
      return false;
    }
  }

  /** The connection is reset (TCP RST) once the request has been read, without an answer. */
  record Reset() implements Fault {
    @Override
    public String kind() {
      return "reset";
    }
  }

  /** Nothing is ever answered. */
  record HangBeforeHead() implements Fault {
    @Override
    public String kind() {
      return "hang_before_head";
    }
  }

  /** The head with status 200 is answered, and then nothing. */
  record HangBeforeFirstToken() implements Fault {
    @Override
    public String kind() {
      return "hang_before_first_token";
    }
  }

  /**
   * A stream stands still after so many tokens; an answer in one piece never comes.
   *
   * @param afterTokens from 0
   */
  record HangMidStream(int afterTokens) implements Fault {
    public HangMidStream {
      checkTokens(afterTokens);
    }

    @Override
    public String kind() {
      return "hang_mid_stream";
    }
  }

  /**
   * The connection is closed after so many tokens of a stream, or after half of an answer in one
   * piece.
   *
   * @param afterTokens from 0
   */
  record CutMidStream(int afterTokens) implements Fault {
    public CutMidStream {
      checkTokens(afterTokens);
    }

    @Override
    public String kind() {
      return "cut_mid_stream";
    }
  }

  /**
   * An error is answered.
   *
   * @param status 400 to 599
   * @param retryAfterSeconds for the header {@code Retry-After}, from 0, or null for none
   */
  record Status(int status, @Nullable Integer retryAfterSeconds) implements Fault {
    public Status {
      if (status < 400 || status > 599) {
        throw new IllegalArgumentException("status must be 400 to 599, was " + status);
      }
      if (retryAfterSeconds != null && retryAfterSeconds < 0) {
        throw new IllegalArgumentException(
            "retryAfterSeconds must be from 0, was " + retryAfterSeconds);
      }
    }

    /** Without {@code Retry-After}. */
    public Status(int status) {
      this(status, null);
    }

    @Override
    public String kind() {
      return "status";
    }
  }

  /**
   * Every step of the engine takes longer.
   *
   * @param factor above 0; 10 is ten times as slow
   */
  record Slow(double factor) implements Fault {
    public Slow {
      if (!(factor > 0) || Double.isInfinite(factor)) {
        throw new IllegalArgumentException("factor must be above 0, was " + factor);
      }
    }

    @Override
    public String kind() {
      return "slow";
    }

    @Override
    public boolean perRequest() {
      return false;
    }
  }

  /**
   * The engine makes no step any more, and takes notice of nothing, as one whose device hangs: what
   * runs there goes on running as far as anybody can tell, and new requests wait. Healed, it goes
   * on where it stopped.
   */
  record Freeze() implements Fault {
    @Override
    public String kind() {
      return "freeze";
    }

    @Override
    public boolean perRequest() {
      return false;
    }
  }

  /**
   * The health endpoint says that the server is not well, or nothing; all else goes on.
   *
   * @param status 300 to 599, or {@link #SILENT} to answer nothing
   */
  record Unhealthy(int status) implements Fault {
    /** Nothing is ever answered. */
    public static final int SILENT = 0;

    public Unhealthy {
      if (status != SILENT && (status < 300 || status > 599)) {
        throw new IllegalArgumentException("status must be 300 to 599, or 0, was " + status);
      }
    }

    @Override
    public String kind() {
      return "unhealthy";
    }

    @Override
    public boolean perRequest() {
      return false;
    }
  }

  /** Status 200 and a body, or events of a stream, that are not JSON. */
  record Garbage() implements Fault {
    @Override
    public String kind() {
      return "garbage";
    }
  }

  private static void checkTokens(int afterTokens) {
    if (afterTokens < 0) {
      throw new IllegalArgumentException("afterTokens must be from 0, was " + afterTokens);
    }
  }
}
