/** One row of the table: what is measured, in which unit, and what Caravan is to reach. */
enum Metric {
  CPU_REQUEST("CPU per request, %1$d busy connections", "µs", 1, Kind.COST, Goal.ratio(2.0)),
  CPU_REQUEST_RATE("CPU per request, %2$d requests/s", "µs", 1, Kind.COST, Goal.NONE),
  CPU_EVENT(
      "CPU per SSE event, %3$d streams, %4$.0f events/s", "µs", 1, Kind.COST, Goal.ratio(1.6)),
  REQUESTS_PER_SECOND("requests/s, %1$d busy connections", "", 0, Kind.GAIN, Goal.NONE),
  ONE_P50("added first-byte latency, concurrency 1, p50", "µs", 0, Kind.ADDED, Goal.NONE),
  ONE_P99("added first-byte latency, concurrency 1, p99", "µs", 0, Kind.ADDED, Goal.NONE),
  RATE_P50("added first-byte latency, %2$d requests/s, p50", "µs", 0, Kind.ADDED, Goal.NONE),
  RATE_P99("added first-byte latency, %2$d requests/s, p99", "µs", 0, Kind.ADDED, Goal.NONE),
  LARGE_P50("added first-byte latency, 220 KB prompt, p50", "µs", 0, Kind.ADDED, Goal.below(3000)),
  LARGE_P99("added first-byte latency, 220 KB prompt, p99", "µs", 0, Kind.ADDED, Goal.NONE),
  EVENT_P50("added delay of an SSE event, p50", "µs", 0, Kind.ADDED, Goal.NONE),
  EVENT_P99("added delay of an SSE event, p99", "µs", 0, Kind.ADDED, Goal.NONE),
  IDLE_KIB("memory per idle stream, %5$d streams, first time", "KiB", 1, Kind.COST, Goal.below(48)),
  IDLE_AGAIN_KIB("the same, second time", "KiB", 1, Kind.COST, Goal.NONE),
  RESIDENT_MIB("resident memory before the idle streams", "MiB", 1, Kind.COST, Goal.NONE),
  RESIDENT_FULL_MIB("resident memory with %5$d idle streams", "MiB", 1, Kind.COST, Goal.NONE),
  ERRORS("errors of any kind, whole run", "", 0, Kind.COUNT, Goal.below(0)),
  USER_SHARE("user-space share of the CPU per request", "%%", 0, Kind.RAW, Goal.NONE),
  COMPILER_SHARE(
      "share of the JVM's compilers in the CPU per request", "%%", 0, Kind.RAW, Goal.NONE),
  SLEEPS_REQUEST("sleeps per request, %1$d busy connections", "", 2, Kind.RAW, Goal.NONE),
  SLEEPS_EVENT("sleeps per SSE event", "", 2, Kind.RAW, Goal.NONE);

  /**
   * How a value is read. ADDED is stored as measured and shown less the direct one of its round;
   * RAW is not in the table.
   */
  enum Kind {
    COST,
    GAIN,
    ADDED,
    COUNT,
    RAW
  }

  /** The most Caravan may show: as a ratio to HAProxy, or as a value. */
  record Goal(double most, boolean ratio) {
    static final Goal NONE = new Goal(Double.NaN, false);

    static Goal ratio(double most) {
      return new Goal(most, true);
    }

    static Goal below(double most) {
      return new Goal(most, false);
    }
  }

  final String unit;
  final int decimals;
  final Kind kind;
  final Goal goal;
  private final String label;

  Metric(String label, String unit, int decimals, Kind kind, Goal goal) {
    this.label = label;
    this.unit = unit;
    this.decimals = decimals;
    this.kind = kind;
    this.goal = goal;
  }

  String label(Options options) {
    String text =
        label.formatted(
            options.connections,
            options.rate,
            options.streams,
            options.streams * 1000 / options.eventIntervalMillis,
            options.idleStreams);
    return unit.isEmpty() ? text : text + " (" + unit.replace("%%", "%") + ")";
  }
}
