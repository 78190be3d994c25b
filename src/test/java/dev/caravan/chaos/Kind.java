package dev.caravan.chaos;

import java.util.Random;

/** What is done to a server. */
enum Kind {
  KILL("kill -9, started again", Reach.DIRECT, 300, 1_500),
  RESTART("SIGTERM, started again", Reach.DIRECT, 0, 300),
  FREEZE("SIGSTOP, SIGCONT", Reach.DIRECT, 1_500, 4_500),
  REFUSE("listening socket closed", Reach.DIRECT, 500, 2_500),
  RESET("connection reset, unanswered", Reach.ANY, 1_000, 3_000),
  HANG_BEFORE_HEAD("no answer", Reach.ANY, 1_000, 3_500),
  HANG_BEFORE_FIRST_TOKEN("a head, then nothing", Reach.ANY, 1_000, 3_500),
  HANG_MID_STREAM("stream stands still", Reach.ANY, 1_000, 3_000),
  CUT_MID_STREAM("stream cut", Reach.ANY, 1_000, 3_000),
  ERRORS("502, 503 or 504 to everything", Reach.ANY, 1_000, 3_000),
  THROTTLE("429 with Retry-After to everything", Reach.ANY, 1_000, 3_000),
  SLOW("8 times as slow", Reach.ANY, 1_500, 3_000),
  BLACK_HOLE("packets lost both ways, then not", Reach.PROXIED, 1_500, 4_500),
  HALF_OPEN("gone without a FIN", Reach.PROXIED, 1_000, 3_000),
  NETWORK_RESET("all connections reset", Reach.PROXIED, 300, 2_000);

  /** Which servers it can be done to. */
  enum Reach {
    /** Only where the gateway's connection ends at the process itself. */
    DIRECT,
    /** Only where a proxy stands between. */
    PROXIED,
    ANY;

    boolean reaches(boolean proxied) {
      return this == ANY || (this == PROXIED) == proxied;
    }
  }

  private final String what;
  private final Reach reach;
  private final int leastMillis;
  private final int mostMillis;

  Kind(String what, Reach reach, int leastMillis, int mostMillis) {
    this.what = what;
    this.reach = reach;
    this.leastMillis = leastMillis;
    this.mostMillis = mostMillis;
  }

  /** In words, for the table. */
  String what() {
    return what;
  }

  Reach reach() {
    return reach;
  }

  /** Whether the server loses its process, and so comes back cold. */
  boolean comesBackCold() {
    return this == KILL || this == RESTART;
  }

  /** How long it lasts this time. */
  int lastsMillis(Random random) {
    return leastMillis + random.nextInt(mostMillis - leastMillis + 1);
  }

  /** What the simulator takes on its admin path; null where the fault is not of its making. */
  String json(int detail, int lastsMillis) {
    return switch (this) {
      case REFUSE -> "{\"kind\":\"refuse\",\"forSeconds\":" + lastsMillis / 1000.0 + "}";
      case RESET -> "{\"kind\":\"reset\"}";
      case HANG_BEFORE_HEAD -> "{\"kind\":\"hang_before_head\"}";
      case HANG_BEFORE_FIRST_TOKEN -> "{\"kind\":\"hang_before_first_token\"}";
      case HANG_MID_STREAM ->
          "{\"kind\":\"hang_mid_stream\",\"afterTokens\":" + (1 + detail % 30) + "}";
      case CUT_MID_STREAM ->
          "{\"kind\":\"cut_mid_stream\",\"afterTokens\":" + (1 + detail % 30) + "}";
      case ERRORS -> "{\"kind\":\"status\",\"status\":" + (502 + detail % 3) + "}";
      case THROTTLE ->
          "{\"kind\":\"status\",\"status\":429,\"retryAfterSeconds\":" + (1 + detail % 2) + "}";
      case SLOW -> "{\"kind\":\"slow\",\"factor\":8}";
      default -> throw new IllegalStateException(this + " is not done by the simulator");
    };
  }
}
