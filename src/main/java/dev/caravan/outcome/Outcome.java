package dev.caravan.outcome;

/**
 * How one attempt at a model server ended. Decided exactly once for an attempt, by whoever saw its
 * end; everyone who learns from it (statistics, breaker, health, meters, access log) gets the same
 * object.
 *
 * <p>{@link #label()} is for metrics and comes from a small fixed set; {@link #detail()} is for
 * logs. Immutable.
 */
public sealed interface Outcome {

  /** A metric label from a fixed set: lower case, words joined by {@code _}. */
  String label();

  /** What exactly happened, for the operator; never holds prompt text or a key. */
  String detail();

  /** What a health algorithm may learn about the <em>server</em> from this. */
  Lesson lesson();

  /** What an attempt says about the server's health. */
  enum Lesson {
    /** The server did its work. */
    GOOD,
    /** The server failed at its work. */
    BAD,
    /** It says nothing about the server's health: the client left, or the server was full. */
    NONE
  }

  /**
   * The server answered and the answer went to the client whole. A 4xx is an answer too: the
   * request was at fault, the server is well.
   *
   * @param status the answer's HTTP status
   */
  record Completed(int status) implements Outcome {
    @Override
    public String label() {
      return status < 400 ? "completed" : status < 500 ? "client_error" : "server_error";
    }

    @Override
    public String detail() {
      return "status " + status;
    }

    @Override
    public Lesson lesson() {
      return Lesson.GOOD;
    }
  }

  /**
   * The server said that it has no room now (429).
   *
   * @param retryAfterMillis how long it asks to be left alone; -1 where it did not say
   */
  record Throttled(int status, long retryAfterMillis) implements Outcome {
    @Override
    public String label() {
      return "throttled";
    }

    @Override
    public String detail() {
      return "status "
          + status
          + (retryAfterMillis < 0 ? "" : ", retry after " + retryAfterMillis + " ms");
    }

    @Override
    public Lesson lesson() {
      return Lesson.NONE;
    }
  }

  /**
   * The server failed before the first byte of its answer's body: the request may go elsewhere.
   *
   * @param retryAfterMillis how long a 503 asks to be left alone; -1 where it did not say
   */
  record FailedBefore(Cause cause, String detail, long retryAfterMillis) implements Outcome {

    public FailedBefore(Cause cause, String detail) {
      this(cause, detail, -1);
    }

    @Override
    public String label() {
      return "failed_before_first_byte";
    }

    @Override
    public Lesson lesson() {
      return cause.lesson();
    }
  }

  /** The server failed when a part of its answer was with the client already. */
  record FailedAfter(Cause cause, String detail) implements Outcome {
    @Override
    public String label() {
      return "failed_after_first_byte";
    }

    @Override
    public Lesson lesson() {
      return cause.lesson();
    }
  }

  /** The gateway never sent it: nothing eligible, or not admitted. */
  record Refused(String detail) implements Outcome {
    @Override
    public String label() {
      return "refused";
    }

    @Override
    public Lesson lesson() {
      return Lesson.NONE;
    }
  }

  /**
   * The client went away; the upstream request was aborted.
   *
   * @param afterFirstByte whether a part of the answer had been sent
   */
  record ClientGone(boolean afterFirstByte) implements Outcome {
    @Override
    public String label() {
      return "client_gone";
    }

    @Override
    public String detail() {
      return afterFirstByte ? "client left mid-answer" : "client left before the first byte";
    }

    @Override
    public Lesson lesson() {
      return Lesson.NONE;
    }
  }

  /** The request's own deadline passed. */
  record Expired(String detail) implements Outcome {
    @Override
    public String label() {
      return "expired";
    }

    @Override
    public Lesson lesson() {
      return Lesson.NONE;
    }
  }

  /** Another attempt at the same request won: this one was stopped. */
  record Superseded(String detail) implements Outcome {
    @Override
    public String label() {
      return "superseded";
    }

    @Override
    public Lesson lesson() {
      return Lesson.NONE;
    }
  }

  /** The kinds of failure, a fixed set for metrics. */
  enum Cause {
    /** No connection, for certain: nobody listens there. */
    REFUSED("refused"),
    /** No connection: unreachable, unknown name, or not in time. */
    CONNECT("connect"),
    /** The TLS handshake failed or the certificate was not trusted. */
    TLS("tls"),
    /** The connection ended or was reset before the answer was whole. */
    RESET("reset"),
    /** No first byte in time. */
    FIRST_BYTE_TIMEOUT("first_byte_timeout"),
    /** Silence between two parts of the answer for too long. */
    IDLE_TIMEOUT("idle_timeout"),
    /** The whole answer took too long. */
    TOTAL_TIMEOUT("total_timeout"),
    /** Bytes that are not an HTTP answer, or one over the limits. */
    BAD_RESPONSE("bad_response"),
    /** A 5xx. */
    STATUS("status"),
    /** 401, 402 or 403: the server does not take the gateway's credentials. */
    CREDENTIALS("credentials"),
    /** The time that the client itself allowed is over; the server may be as it should be. */
    CLIENT_LIMIT("client_limit"),
    /** The gateway is stopping, or a step of the route failed. */
    GATEWAY("gateway");

    private final String label;

    Cause(String label) {
      this.label = label;
    }

    public String label() {
      return label;
    }

    /** What a failure of this kind says about the server's health. */
    Lesson lesson() {
      return switch (this) {
        case CREDENTIALS, CLIENT_LIMIT, GATEWAY -> Lesson.NONE;
        default -> Lesson.BAD;
      };
    }
  }
}
