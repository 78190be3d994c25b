import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Measures Caravan beside HAProxy and nginx: the same server behind them, the same load, round by
 * round.
 */
public final class Bench {
  private static final double QUIET_CORES = 0.1;

  private final Options options;
  private final Results results;
  private final Loads loads;
  private final Path work = Files.createTempDirectory("caravan-bench-");

  /** All targets, as often as they were started. */
  private final List<List<Target>> starts = new ArrayList<>();

  private int upstreamPort;

  private Bench(Options options) throws IOException {
    this.options = options;
    this.results = new Results(options.rounds);
    this.loads = new Loads(options, results);
  }

  public static void main(String[] args) throws Exception {
    if (List.of(args).contains("--help")) {
      System.out.print(Options.HELP);
      return;
    }
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + "\n" + Options.HELP);
      System.exit(2);
      return;
    }
    Bench bench = new Bench(options);
    Runtime.getRuntime().addShutdownHook(new Thread(bench::cleanUp));
    bench.limitTime();
    if (options.profile) {
      bench.profile();
    } else {
      bench.measure("bench/run.sh " + String.join(" ", args));
    }
    System.exit(0);
  }

  private void measure(String command) throws IOException, InterruptedException {
    upstreamPort = Upstream.start();
    for (int i = 0; i < options.starts; i++) {
      start(options.targets);
    }
    if (starts.get(0).isEmpty()) {
      System.err.println("nothing to measure");
      System.exit(1);
    }
    for (List<Target> targets : starts) {
      for (Target target : targets) {
        say("warming up " + target.name);
        loads.warmUp(target);
      }
    }
    ProcessMeter everything = ProcessMeter.tree(ProcessHandle.current());
    long startNanos = System.nanoTime();
    long machineNanos = ProcessMeter.machineBusyNanos();
    ProcessMeter.Use own = everything.use();
    for (int round = 0; round < options.rounds; round++) {
      say("round " + (round + 1) + " of " + options.rounds);
      for (Options.Phase phase : options.phases) {
        if (phase != Options.Phase.IDLE) {
          for (Target target : inTurn(round)) {
            loads.run(phase, target, round);
          }
        }
      }
    }
    ProcessMeter.Use used = everything.use().since(own);
    double otherNanos =
        ProcessMeter.machineBusyNanos() - machineNanos - used.userNanos() - used.systemNanos();
    double otherCores = Math.max(0, otherNanos / (System.nanoTime() - startNanos));
    if (options.phases.contains(Options.Phase.IDLE)) {
      for (Target target : starts.get(0)) {
        if (target.measured()) {
          say("idle streams through " + target.name);
          loads.idle(target, upstreamPort);
        }
      }
    }
    publish(command.trim(), otherCores);
    double compilers = results.median("caravan", Metric.COMPILER_SHARE);
    if (compilers > Loads.WARM_COMPILER_PERCENT) {
      say(
          "Caravan was still compiling (%.0f %% of its CPU): warm it up longer"
              .formatted(compilers));
    }
    if (otherCores > QUIET_CORES) {
      say("other programs were busy meanwhile: compare the ratios, not the values");
    }
  }

  private void publish(String command, double otherCores) throws IOException {
    Map<String, String> versions = new LinkedHashMap<>();
    starts.get(0).forEach(target -> versions.put(target.name, target.version));
    Report report = new Report(options, results, versions);
    String circumstances = report.circumstances(command, otherCores);
    String errors = report.errors();
    String text =
        circumstances
            + "\n\n"
            + report.table()
            + (errors.isEmpty() ? "" : "\nErrors by kind: " + errors + "\n");
    System.out.println("\n" + text);
    System.out.println(
        "every round: " + options.project.relativize(report.writeRaw(circumstances)));
    if (options.write) {
      System.out.println(
          "written to "
              + options.project.relativize(Report.writeDocs(options.project, options.table, text)));
    }
  }

  private void start(List<String> names) throws IOException {
    Path files = Files.createDirectory(work.resolve("start-" + starts.size()));
    List<Target> targets = new ArrayList<>();
    for (String name : names) {
      try {
        say("starting " + name);
        targets.add(Target.start(name, upstreamPort, options, files));
      } catch (Target.Missing e) {
        System.err.println(name + " is left out: " + e.getMessage());
      }
    }
    starts.add(targets);
  }

  /** The targets of one start, each round another, and each round beginning with another target. */
  private List<Target> inTurn(int round) {
    List<Target> order = new ArrayList<>(starts.get(round % starts.size()));
    Collections.rotate(order, -(round / starts.size()));
    return order;
  }

  private void profile() throws IOException, InterruptedException {
    upstreamPort = Upstream.start();
    start(List.of(options.table.equals("guarded") ? "guarded" : "caravan"));
    if (starts.get(0).isEmpty()) {
      System.exit(1);
    }
    Target target = starts.get(0).get(0);
    say("warming up");
    loads.warmUp(target);
    loads.profile(target);
  }

  private void limitTime() {
    Thread limit =
        new Thread(
            () -> {
              try {
                Thread.sleep(options.limitSeconds * 1000L);
              } catch (InterruptedException e) {
                return;
              }
              System.err.println("stopped: not finished after " + options.limitSeconds + " s");
              System.exit(1);
            },
            "bench-limit");
    limit.setDaemon(true);
    limit.start();
  }

  private void cleanUp() {
    Target.end(ProcessHandle.current().descendants().toList());
    try (Stream<Path> files = Files.walk(work)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      System.err.println("could not remove " + work + ": " + e.getMessage());
    }
  }

  private static void say(String text) {
    System.err.printf(Locale.ROOT, "bench: %s%n", text);
  }
}
