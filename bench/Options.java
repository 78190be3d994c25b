import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What to measure, from the command line. */
final class Options implements Cloneable {
  static final String HELP =
      """
      usage: bench/run.sh [options]
        --targets LIST          of direct,haproxy,nginx,caravan,guarded (default: all but guarded)
        --guarded               Caravan with and without keys, limits and a queue; its own table
        --phases LIST           of requests,rate,events,one,large,idle (default: all)
        --quick                 2 short rounds, a short warm-up: about a minute, for a first look
        --write                 put the table into docs/performance.md
        --rounds N              counted rounds (5)
        --starts N              processes of each target, which take turns by rounds (1)
        --seconds S             counted window of a load in a round (3)
        --connections N         of the closed loop (32)
        --rate N                requests/s of the fixed-rate load (1000)
        --streams N             paced streams (200)
        --event-interval MS     between two events of a stream (50)
        --idle N                idle streams (2000)
        --warmup-requests N     for Caravan, before the first round (60000)
        --warmup-events N       for Caravan, before the first round (200000)
        --no-access-log         no gateway writes an access log
        --caravan-home DIR      where ./run is (CARAVAN_HOME, else this project)
        --caravan-arg ARG       passed to ./run, may be repeated: --caravan-arg -Dkey=value
        --start-seconds N       how long Caravan may take to start, a build included (300)
        --limit-seconds N       the whole run is stopped after this long (1200)
        --profile               instead of a table: where Caravan spends its time;
                                with --guarded, where the guarded one does
      """;

  List<String> targets = List.of("direct", "haproxy", "nginx", "caravan");
  List<Phase> phases = List.of(Phase.values());
  Path project = Path.of("").toAbsolutePath();
  Path caravanHome = project;
  List<String> caravanArguments = new ArrayList<>();
  String poolParameters = "";
  String serverParameters = "";

  /** Which table of docs/performance.md is written. */
  String table = "bench";

  boolean quick;
  boolean write;
  boolean profile;
  boolean accessLog = true;

  /** Whether Caravan may get chat requests: background work yields to them for a minute. */
  boolean interactive = true;

  int rounds = 5;

  /** How a JVM compiles the same program differs from start to start by some microseconds. */
  int starts = 1;

  double seconds = 3;
  int connections = 32;
  int rate = 1000;
  int streams = 200;
  double eventIntervalMillis = 50;
  int idleStreams = 2000;
  long warmupRequests = 60_000;
  long warmupEvents = 200_000;
  int startSeconds = 300;
  int limitSeconds = 1200;
  int oneByOneRequests = 2000;
  int largeRequests = 100;

  /** The parts of a round, and the idle streams after the last. */
  enum Phase {
    REQUESTS,
    RATE,
    EVENTS,
    ONE,
    LARGE,
    IDLE;

    String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** Reads the command line; throws IllegalArgumentException with a sentence for a user. */
  static Options parse(String[] args) {
    Options options = new Options();
    String home = System.getenv("CARAVAN_HOME");
    if (home != null && !home.isBlank()) {
      options.caravanHome = Path.of(home).toAbsolutePath();
    }
    List<String> words = List.of(args);
    if (words.contains("--quick")) {
      options.quick = true;
      options.rounds = 2;
      options.seconds = 1;
      options.warmupRequests = 20_000;
      options.warmupEvents = 50_000;
      options.oneByOneRequests = 1000;
      options.largeRequests = 50;
    }
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--quick" -> {}
        case "--guarded" -> options.guard();
        case "--write" -> options.write = true;
        case "--profile" -> options.profile = true;
        case "--no-access-log" -> options.accessLog = false;
        default -> {
          if (i + 1 == args.length) {
            throw new IllegalArgumentException(
                "unknown option, or one without its value: " + args[i]);
          }
          options.set(args[i], args[++i]);
        }
      }
    }
    return options;
  }

  private void guard() {
    table = "guarded";
    targets = List.of("caravan", "guarded");
    phases = List.of(Phase.REQUESTS, Phase.RATE, Phase.EVENTS);
    rounds = 24;
    seconds = 1;
  }

  Options copy() {
    try {
      return (Options) clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException(e); // it is cloneable
    }
  }

  void set(String name, String value) {
    try {
      switch (name) {
        case "--targets" -> targets = List.of(value.split(","));
        case "--phases" -> phases = List.of(value.split(",")).stream().map(Options::phase).toList();
        case "--rounds" -> rounds = Integer.parseInt(value);
        case "--starts" -> starts = Math.max(1, Integer.parseInt(value));
        case "--seconds" -> seconds = Double.parseDouble(value);
        case "--connections" -> connections = Integer.parseInt(value);
        case "--rate" -> rate = Integer.parseInt(value);
        case "--streams" -> streams = Integer.parseInt(value);
        case "--event-interval" -> eventIntervalMillis = Double.parseDouble(value);
        case "--idle" -> idleStreams = Integer.parseInt(value);
        case "--warmup-requests" -> warmupRequests = Long.parseLong(value);
        case "--warmup-events" -> warmupEvents = Long.parseLong(value);
        case "--caravan-home" -> caravanHome = Path.of(value).toAbsolutePath();
        case "--caravan-arg" -> caravanArguments.add(value);
        case "--start-seconds" -> startSeconds = Integer.parseInt(value);
        case "--limit-seconds" -> limitSeconds = Integer.parseInt(value);
        default -> throw new IllegalArgumentException("unknown option: " + name);
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " takes a number, not " + value);
    }
  }

  private static Phase phase(String word) {
    for (Phase phase : Phase.values()) {
      if (phase.word().equals(word)) {
        return phase;
      }
    }
    throw new IllegalArgumentException("unknown phase: " + word);
  }
}
