/** The CPU time a target's process spends in the counted window. */
final class CpuWindow implements BenchLoad.Window {
  private final Target target;
  private final Results results;
  private final ProcessMeter meter;
  private ProcessMeter.Use before;
  private ProcessMeter.Use spent;

  CpuWindow(Target target, Results results) {
    this.target = target;
    this.results = results;
    this.meter = target.measured() ? target.meter() : null;
  }

  @Override
  public void begin() {
    before = meter == null ? null : meter.use();
  }

  @Override
  public void end() {
    spent = meter == null ? null : meter.use().since(before);
  }

  void add(Metric cpu, Metric sleeps, int round, long count) {
    if (spent != null && count > 0) {
      results.add(target.name, cpu, round, spent.cpuNanos() / 1000.0 / count);
      if (sleeps != null) {
        results.add(target.name, sleeps, round, spent.sleeps() / (double) count);
      }
    }
  }

  /** How much of the CPU time was user space, and how much a JVM's compilers. */
  void addShares(int round) {
    if (spent != null) {
      double all = spent.userNanos() + spent.systemNanos();
      results.add(target.name, Metric.USER_SHARE, round, 100 * spent.userNanos() / all);
      results.add(target.name, Metric.COMPILER_SHARE, round, compilerPercent());
    }
  }

  double compilerPercent() {
    return 100.0 * spent.compilerNanos() / Math.max(1, spent.cpuNanos());
  }
}
