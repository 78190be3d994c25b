import java.util.List;

/** What to measure of jobs, from the command line. */
final class JobsOptions {
  static final String HELP =
      """
      usage: bench/jobs.sh [options]
        --brokers LIST          of kafka,amqp (default: both)
        --quick                 2 short rounds: a minute and a half, for a first look
        --write                 put the table into docs/performance.md
        --rounds N              counted rounds (5)
        --jobs N                messages of a round (20000); its middle eight tenths are counted
        --inflight N            of jobs: (64)
        --held N                of jobs: (twice inflight)
        --warmup N              rounds before the first, at most (6)
        --no-access-log         the gateway writes no access log
        --caravan-home DIR      where ./run is (CARAVAN_HOME, else this project)
        --caravan-arg ARG       passed to ./run, may be repeated: --caravan-arg -Dkey=value
        --start-seconds N       how long Caravan may take to start, a build included (300)
        --limit-seconds N       the whole run is stopped after this long (900)
        --profile               instead of a table: where Caravan spends its time
      """;

  /** What starting the gateway takes. */
  Options gateway;

  List<String> brokers = List.of("kafka", "amqp");
  int rounds = 5;
  int jobs = 20_000;
  int inflight = 64;
  int held;
  int warmup = 6;

  /** Reads the command line; throws IllegalArgumentException with a sentence for a user. */
  static JobsOptions parse(String[] args) {
    JobsOptions options = new JobsOptions();
    options.gateway = Options.parse(new String[0]);
    options.gateway.limitSeconds = 900;
    options.gateway.interactive = false;
    if (List.of(args).contains("--quick")) {
      options.gateway.quick = true;
      options.rounds = 2;
      options.jobs = 8_000;
      options.warmup = 3;
    }
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--quick" -> {}
        case "--write" -> options.gateway.write = true;
        case "--profile" -> options.gateway.profile = true;
        case "--no-access-log" -> options.gateway.accessLog = false;
        default -> {
          if (i + 1 == args.length) {
            throw new IllegalArgumentException(
                "unknown option, or one without its value: " + args[i]);
          }
          options.set(args[i], args[++i]);
        }
      }
    }
    if (options.jobs < 100) {
      throw new IllegalArgumentException("--jobs takes 100 at least");
    }
    if (options.held == 0) {
      options.held = 2 * options.inflight;
    }
    return options;
  }

  private void set(String name, String value) {
    switch (name) {
      case "--brokers" -> brokers = List.of(value.split(","));
      case "--rounds" -> rounds = number(name, value);
      case "--jobs" -> jobs = number(name, value);
      case "--inflight" -> inflight = number(name, value);
      case "--held" -> held = number(name, value);
      case "--warmup" -> warmup = number(name, value);
      case "--caravan-home", "--caravan-arg", "--start-seconds", "--limit-seconds" ->
          gateway.set(name, value);
      default -> throw new IllegalArgumentException("unknown option: " + name);
    }
  }

  private static int number(String name, String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " takes a number, not " + value);
    }
  }
}
