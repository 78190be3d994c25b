import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Measures jobs from queues: how many a second go through the gateway to a server that answers at
 * once, what each costs, and what brokers and plain clients do without the gateway.
 */
public final class JobsBench {
  private final JobsOptions options;
  private final String command;
  private final Path work = Files.createTempDirectory("caravan-jobs-");
  private final Map<Broker, JobsResults> results = new LinkedHashMap<>();
  private final List<Double> otherCores = new ArrayList<>();

  private JobsBench(JobsOptions options, String command) throws IOException {
    this.options = options;
    this.command = command;
  }

  public static void main(String[] args) throws Exception {
    if (List.of(args).contains("--help")) {
      System.out.print(JobsOptions.HELP);
      return;
    }
    JobsOptions options;
    try {
      options = JobsOptions.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + "\n" + JobsOptions.HELP);
      System.exit(2);
      return;
    }
    JobsBench bench = new JobsBench(options, ("bench/jobs.sh " + String.join(" ", args)).trim());
    Runtime.getRuntime().addShutdownHook(new Thread(bench::cleanUp));
    bench.limitTime();
    try {
      bench.run();
    } catch (Target.Missing | IOException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
    System.exit(0);
  }

  private void run() throws Exception {
    int upstream = Upstream.start();
    String classPath =
        Files.readString(options.gateway.project.resolve("target/brokers.classpath")).strip();
    for (String name : options.brokers) {
      say("starting " + name);
      Broker broker =
          switch (name) {
            case "kafka" -> new KafkaSide(work, classPath);
            case "amqp" -> new AmqpSide(work, classPath);
            default -> throw new IOException("unknown broker: " + name + " (known: kafka, amqp)");
          };
      JobsResults measured = new JobsResults();
      measure(broker, upstream, measured);
      results.put(broker, measured);
      System.out.print("\n" + broker.title + ", by round\n" + measured.rounds());
      broker.stop();
    }
    if (!options.gateway.profile) {
      publish();
    }
  }

  private void measure(Broker broker, int upstream, JobsResults into) throws Exception {
    broker.create(List.of("plain", "echo-jobs", "echo-answers", "jobs", "answers", "dead-letters"));
    Process echoing =
        Target.launch(
            broker.work,
            "echo",
            new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                System.getProperty("java.class.path"),
                "Echo",
                broker.name,
                broker.address(),
                "echo-jobs",
                "echo-answers"));
    Target gateway = gateway(broker, upstream);
    Worker caravan =
        new Worker(broker, ProcessHandle.of(gateway.jvmPid()).orElseThrow(), "jobs", "answers");
    say(broker.name + ": warming up");
    warmUp(caravan);
    if (options.gateway.profile) {
      new Profile(gateway, options.gateway.project.resolve("target/bench"))
          .under(
              broker.name,
              window -> {
                try {
                  Worker.Round round = caravan.run(options.jobs * 5, window);
                  return new BenchLoad.Counted(round.counted(), round.seconds());
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              });
    } else {
      Worker echo = new Worker(broker, echoing.toHandle(), "echo-jobs", "echo-answers");
      plain(broker, new JobsResults());
      echo.run(options.jobs, BenchLoad.Window.NONE);
      ProcessMeter everything = ProcessMeter.tree(ProcessHandle.current());
      long startNanos = System.nanoTime();
      long machineNanos = ProcessMeter.machineBusyNanos();
      ProcessMeter.Use own = everything.use();
      for (int i = 0; i < options.rounds; i++) {
        say(broker.name + ": round " + (i + 1) + " of " + options.rounds);
        plain(broker, into);
        jobs(broker, echo, true, into);
        jobs(broker, caravan, false, into);
      }
      ProcessMeter.Use used = everything.use().since(own);
      double others =
          ProcessMeter.machineBusyNanos() - machineNanos - used.userNanos() - used.systemNanos();
      otherCores.add(Math.max(0, others / (System.nanoTime() - startNanos)));
    }
    Target.end(List.of(echoing.toHandle(), ProcessHandle.of(gateway.jvmPid()).orElseThrow()));
  }

  private Target gateway(Broker broker, int upstream) throws IOException, Target.Missing {
    String file = "queue-" + broker.name + ".yaml";
    String route = Files.readString(options.gateway.caravanHome.resolve("routes").resolve(file));
    String limits =
        "        inflight: \"%d\"%n        held: \"%d\"%n"
            .formatted(options.inflight, options.held);
    Path routes = Files.createDirectories(broker.work.resolve("routes"));
    Files.writeString(
        routes.resolve(file), route.replaceFirst("(?m)^( {8}answers:)", limits + "$1"));
    List<String> given = List.copyOf(options.gateway.caravanArguments);
    options.gateway.caravanArguments.addAll(broker.settings("jobs", "answers", "dead-letters"));
    try {
      return Target.start("caravan", upstream, options.gateway, broker.work);
    } finally {
      options.gateway.caravanArguments = new ArrayList<>(given);
    }
  }

  private void warmUp(Worker caravan) throws Exception {
    double share = 100;
    for (int i = 0; i < options.warmup && share > Loads.WARM_COMPILER_PERCENT; i++) {
      Cpu cpu = new Cpu(caravan.meter, caravan.meter);
      caravan.run(options.jobs, cpu);
      share = cpu.compilerPercent();
    }
  }

  private void plain(Broker broker, JobsResults into) throws Exception {
    try (Inbox inbox = broker.inbox("plain")) {
      long start = System.nanoTime();
      broker.fill("plain", options.jobs);
      long stored = System.nanoTime();
      int read = 0;
      while (read < options.jobs) {
        read += inbox.read((customId, status) -> {});
      }
      into.add(JobsResults.Row.PRODUCED, options.jobs * 1e9 / (stored - start));
      into.add(JobsResults.Row.CONSUMED, options.jobs * 1e9 / (System.nanoTime() - stored));
    }
  }

  private void jobs(Broker broker, Worker worker, boolean echo, JobsResults into) throws Exception {
    Cpu cpu = new Cpu(worker.meter, broker.meter());
    Worker.Round round = worker.run(options.jobs, cpu);
    into.add(
        echo ? JobsResults.Row.ECHO : JobsResults.Row.CARAVAN, round.counted() / round.seconds());
    into.add(
        echo ? JobsResults.Row.ECHO_CPU : JobsResults.Row.CARAVAN_CPU,
        cpu.workerMicros(round.counted()));
    into.add(
        echo ? JobsResults.Row.ECHO_BROKER_CPU : JobsResults.Row.CARAVAN_BROKER_CPU,
        cpu.brokerMicros(round.counted()));
    if (!echo) {
      into.add(JobsResults.Row.COMPILER_SHARE, cpu.compilerPercent());
    }
    into.add(JobsResults.Row.LOST, round.lost());
    into.add(JobsResults.Row.TWICE, round.twice());
  }

  /** What a worker and its broker use in the counted window. */
  private static final class Cpu implements BenchLoad.Window {
    private final ProcessMeter worker;
    private final ProcessMeter broker;
    private ProcessMeter.Use workerUse;
    private ProcessMeter.Use brokerUse;

    Cpu(ProcessMeter worker, ProcessMeter broker) {
      this.worker = worker;
      this.broker = broker;
    }

    @Override
    public void begin() {
      workerUse = worker.use();
      brokerUse = broker.use();
    }

    @Override
    public void end() {
      workerUse = worker.use().since(workerUse);
      brokerUse = broker.use().since(brokerUse);
    }

    double workerMicros(long count) {
      return workerUse.cpuNanos() / 1000.0 / count;
    }

    double brokerMicros(long count) {
      return brokerUse.cpuNanos() / 1000.0 / count;
    }

    double compilerPercent() {
      return 100.0 * workerUse.compilerNanos() / Math.max(1, workerUse.cpuNanos());
    }
  }

  private void publish() throws IOException {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "Measured %s with `%s` on %s. %s; Caravan: %s. Medians of %d rounds of %,d jobs; other"
                + " programs used %.2f cores meanwhile.%n%n",
            LocalDate.now(ZoneOffset.UTC),
            command,
            Report.machine(),
            String.join("; ", results.keySet().stream().map(Broker::version).toList()),
            Report.commit(options.gateway.caravanHome),
            options.rounds,
            options.jobs,
            otherCores.stream().mapToDouble(each -> each).max().orElse(0)));
    text.append("| measured |");
    results.keySet().forEach(broker -> text.append(' ').append(broker.title).append(" |"));
    text.append("\n| --- |").append(" ---: |".repeat(results.size())).append('\n');
    for (JobsResults.Row row : JobsResults.Row.values()) {
      text.append("| ").append(row.label).append(" |");
      results.values().forEach(each -> text.append(' ').append(each.cell(row)).append(" |"));
      text.append('\n');
    }
    System.out.println("\n" + text);
    if (options.gateway.write) {
      Report.writeDocs(options.gateway.project, "jobs", text.toString());
      System.out.println("written to docs/performance.md");
    }
  }

  private void limitTime() {
    Thread limit =
        new Thread(
            () -> {
              try {
                Thread.sleep(options.gateway.limitSeconds * 1000L);
              } catch (InterruptedException e) {
                return;
              }
              System.err.println(
                  "stopped: not finished after " + options.gateway.limitSeconds + " s");
              System.exit(1);
            },
            "jobs-limit");
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
