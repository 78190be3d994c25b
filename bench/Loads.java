import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Which load each phase of a round is, and which rows of the table come of it. */
final class Loads {
  private static final double RAMP_SECONDS = 0.3;
  private static final int WARMUP_EVENTS_PER_SECOND = 25_000;
  private static final int MOST_COMPILING_TURNS = 5;
  private static final double COMPILING_TURN_SECONDS = 2;

  /** A JVM whose compilers take no more of its CPU time than this is warm. */
  static final double WARM_COMPILER_PERCENT = 3;

  private final Options options;
  private final Results results;

  Loads(Options options, Results results) {
    this.options = options;
    this.results = results;
  }

  void warmUp(Target target) throws IOException, InterruptedException {
    boolean jvm = target.caravan() || target.name.equals("direct");
    long requests = jvm ? options.warmupRequests : Math.min(5_000, options.warmupRequests);
    long events = jvm ? options.warmupEvents : Math.min(20_000, options.warmupEvents);
    Errors errors = new Errors();
    BenchLoad load = new BenchLoad(target.port, errors);
    BenchLoad.Window none = BenchLoad.Window.NONE;
    load.closedLoop(options.connections, 0, 60, requests, none);
    long intervalMicros = options.streams * 1_000_000L / WARMUP_EVENTS_PER_SECOND;
    new StreamLoad(target.port, errors)
        .paced(
            options.streams,
            intervalMicros,
            events / (double) WARMUP_EVENTS_PER_SECOND,
            new Samples(),
            none);
    load.oneByOne(Requests.large(), 0, options.largeRequests / 2, 5, new Samples());
    new RateLoad(target.port, errors).run(options.rate, 0, 1, new Samples(), none);
    if (target.caravan()) {
      warmUpCompiled(target, errors);
    }
    results.addErrors(target.name, "warm-up", errors);
  }

  /**
   * Goes on until the JVM's compilers have little left to do, which on a busy machine takes longer.
   */
  private void warmUpCompiled(Target target, Errors errors) throws IOException {
    int turns = options.quick ? 2 : MOST_COMPILING_TURNS;
    double share = 100;
    for (int i = 0; i < turns && share > WARM_COMPILER_PERCENT; i++) {
      CpuWindow requests = new CpuWindow(target, results);
      new BenchLoad(target.port, errors)
          .closedLoop(options.connections, 0, COMPILING_TURN_SECONDS, Long.MAX_VALUE, requests);
      CpuWindow events = new CpuWindow(target, results);
      new StreamLoad(target.port, errors)
          .paced(
              options.streams,
              eventIntervalMicros(),
              COMPILING_TURN_SECONDS,
              new Samples(),
              events);
      share = Math.max(requests.compilerPercent(), events.compilerPercent());
    }
  }

  void run(Options.Phase phase, Target target, int round) throws IOException, InterruptedException {
    if (ended(target, phase)) {
      return;
    }
    Errors errors = new Errors();
    BenchLoad load = new BenchLoad(target.port, errors);
    CpuWindow cpu = new CpuWindow(target, results);
    Samples samples = new Samples();
    switch (phase) {
      case REQUESTS -> {
        BenchLoad.Counted done =
            load.closedLoop(
                options.connections, RAMP_SECONDS, options.seconds, Long.MAX_VALUE, cpu);
        add(target, Metric.REQUESTS_PER_SECOND, round, done.count() / done.seconds());
        cpu.add(Metric.CPU_REQUEST, Metric.SLEEPS_REQUEST, round, done.count());
        cpu.addShares(round);
      }
      case RATE -> {
        BenchLoad.Counted done =
            new RateLoad(target.port, errors)
                .run(options.rate, RAMP_SECONDS, options.seconds, samples, cpu);
        cpu.add(Metric.CPU_REQUEST_RATE, null, round, done.count());
        addQuantiles(target, Metric.RATE_P50, Metric.RATE_P99, round, samples);
      }
      case EVENTS -> {
        BenchLoad.Counted done =
            new StreamLoad(target.port, errors)
                .paced(options.streams, eventIntervalMicros(), options.seconds, samples, cpu);
        cpu.add(Metric.CPU_EVENT, Metric.SLEEPS_EVENT, round, done.count());
        addQuantiles(target, Metric.EVENT_P50, Metric.EVENT_P99, round, samples);
      }
      case ONE -> {
        load.oneByOne(Requests.plain(), 100, options.oneByOneRequests, 10, samples);
        addQuantiles(target, Metric.ONE_P50, Metric.ONE_P99, round, samples);
      }
      case LARGE -> {
        load.oneByOne(Requests.large(), 5, options.largeRequests, 10, samples);
        addQuantiles(target, Metric.LARGE_P50, Metric.LARGE_P99, round, samples);
      }
      default -> throw new IllegalStateException(phase.name());
    }
    results.addErrors(target.name, phase.word(), errors);
  }

  void idle(Target target, int upstreamPort) throws IOException, InterruptedException {
    if (ended(target, Options.Phase.IDLE)) {
      return;
    }
    ProcessMeter meter = target.meter();
    Errors errors = new Errors();
    Thread.sleep(1000);
    String streamsBefore = openAt(upstreamPort);
    ProcessMeter.Memory before = meter.memory();
    add(target, Metric.RESIDENT_MIB, 0, before.residentKb() / 1024.0);
    for (Metric metric : List.of(Metric.IDLE_KIB, Metric.IDLE_AGAIN_KIB)) {
      ProcessMeter.Memory[] full = new ProcessMeter.Memory[1];
      BenchLoad.Counted open =
          new StreamLoad(target.port, errors)
              .idle(options.idleStreams, options.quick ? 1 : 3, () -> full[0] = meter.memory());
      if (open.count() > 0) {
        add(
            target,
            metric,
            0,
            (full[0].proportionalKb() - before.proportionalKb()) / (double) open.count());
      }
      if (metric == Metric.IDLE_KIB) {
        add(target, Metric.RESIDENT_FULL_MIB, 0, full[0].residentKb() / 1024.0);
      }
      awaitStreamsClosed(upstreamPort, streamsBefore, errors);
    }
    results.addErrors(target.name, "idle", errors);
  }

  private boolean ended(Target target, Options.Phase phase) {
    if (target.alive()) {
      return false;
    }
    Errors gone = new Errors();
    gone.add("its process ended");
    results.addErrors(target.name, phase.word(), gone);
    return true;
  }

  /** A gateway whose clients have gone closes its streams to the server. */
  private static void awaitStreamsClosed(int upstreamPort, String before, Errors errors)
      throws IOException, InterruptedException {
    for (int i = 0; i < 50; i++) {
      if (openAt(upstreamPort).equals(before)) {
        return;
      }
      Thread.sleep(100);
    }
    errors.add("streams still open at the server 5 s after their clients left");
  }

  private static String openAt(int upstreamPort) throws IOException {
    URL streams = new URL("http://127.0.0.1:" + upstreamPort + "/bench/streams");
    try (InputStream in = streams.openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  private void addQuantiles(Target target, Metric p50, Metric p99, int round, Samples samples) {
    add(target, p50, round, samples.quantileMicros(0.50));
    add(target, p99, round, samples.quantileMicros(0.99));
  }

  private void add(Target target, Metric metric, int round, double value) {
    results.add(target.name, metric, round, value);
  }

  void profile(Target target) throws IOException, InterruptedException {
    Errors errors = new Errors();
    Profile profile = new Profile(target, options.project.resolve("target/bench"));
    double seconds = Math.max(10, options.seconds);
    BenchLoad requests = new BenchLoad(target.port, errors);
    profile.under(
        "requests",
        window ->
            requests.closedLoop(
                options.connections, RAMP_SECONDS, seconds, Long.MAX_VALUE, window));
    StreamLoad streams = new StreamLoad(target.port, errors);
    profile.under(
        "events",
        window ->
            streams.paced(options.streams, eventIntervalMicros(), seconds, new Samples(), window));
    System.out.println("errors: " + errors.counts());
  }

  private long eventIntervalMicros() {
    return Math.round(options.eventIntervalMillis * 1000);
  }
}
