package dev.caravan.replay;

import dev.caravan.time.Ticker;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Replays a trace from the command line, and prints what came of it. */
public final class ReplayMain {
  /** Kept, because the log's own registry may forget loggers that nobody holds. */
  private static final Logger CARAVAN = Logger.getLogger("dev.caravan");

  private ReplayMain() {}

  /** Runs what the options ask for. */
  public static void main(String[] args) {
    if (List.of(args).contains("--help")) {
      System.out.print(ReplayOptions.HELP);
      return;
    }
    // Servers that come and go on purpose are no news.
    CARAVAN.setLevel(Level.OFF);
    try {
      run(ReplayOptions.of(args), System.out);
    } catch (IllegalArgumentException e) {
      fail(e.getMessage() + "; --help lists the options", 2);
    } catch (IOException e) {
      fail(String.valueOf(e.getMessage()), 1);
    }
  }

  private static void fail(String message, int code) {
    System.err.println(message);
    System.exit(code);
  }

  /**
   * Replays, and prints a table.
   *
   * @throws IOException where the trace cannot be read
   */
  static void run(ReplayOptions options, PrintStream out) throws IOException {
    Ticker clock = Ticker.system();
    long began = clock.nanos();
    Trace trace = options.scenario().cut(options.trace());
    Setup setup = options.setup();
    Workload workload = Workload.of(trace, setup.engine().blockTokens());
    Ceiling ceiling = Ceiling.of(workload, setup);
    out.printf(
        Locale.ROOT,
        "%s: %d requests in %.0f s; prefix hits at most %s (one endless cache), %s (one cache as"
            + " large as those of all servers); %s late even alone%n%n",
        trace.name(),
        trace.requests().size(),
        trace.seconds(),
        Tables.percent(ceiling.oracle()),
        Tables.percent(ceiling.pooled()),
        Tables.percent(ceiling.slowAlone()));
    if (options.capacity()) {
      capacities(options, workload, ceiling, out);
    } else {
      out.printf(
          Locale.ROOT,
          "%s, %d servers, %d gateways, %.3f requests/s%n%n",
          options.scenario().label(),
          setup.servers(),
          setup.gateways(),
          trace.rate() * options.pace());
      out.print(Tables.HEAD);
      for (String balancer : options.balancers()) {
        out.print(
            Tables.row(
                new Replay(workload, setup, balancer, options.scenario(), options.pace()).run()));
      }
    }
    out.printf(Locale.ROOT, "%n%.1f s of this machine's time%n", (clock.nanos() - began) / 1e9);
  }

  private static void capacities(
      ReplayOptions options, Workload workload, Ceiling ceiling, PrintStream out) {
    out.print(Tables.CAPACITY_HEAD);
    double first = 0;
    double guess = options.pace();
    for (String balancer : options.balancers()) {
      double pace = Capacity.pace(workload, options.setup(), balancer, options.scenario(), guess);
      first = first == 0 ? pace : first;
      guess = pace > 0 ? pace : guess;
      if (pace > 0) {
        Figures figures =
            new Replay(workload, options.setup(), balancer, options.scenario(), pace).run();
        out.print(Tables.capacityRow(figures, pace / first, ceiling));
      } else {
        out.printf("| `%s` | none |%n", balancer);
      }
    }
  }
}
