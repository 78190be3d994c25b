package dev.caravan.speed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** Runs all benchmarks, writes {@code target/speed.md}, and holds each to its bound. */
class SpeedTest {

  @Test
  void everyDecision_staysWithinItsBound() throws RunnerException, IOException {
    Collection<RunResult> runs =
        new Runner(
                new OptionsBuilder()
                    .include("dev\\.caravan\\.speed\\.")
                    .forks(1)
                    .jvmArgs("-Xmx1g")
                    .warmupIterations(3)
                    .warmupTime(TimeValue.seconds(1))
                    .measurementIterations(5)
                    .measurementTime(TimeValue.seconds(1))
                    .addProfiler(GCProfiler.class)
                    .shouldFailOnError(true)
                    .build())
            .run();
    List<String> table = new ArrayList<>();
    List<String> over = new ArrayList<>();
    table.add("| measured | p50 (µs) | p99 (µs) | p99 at rest (µs) | bytes | to reach |");
    table.add("| --- | ---: | ---: | ---: | ---: | --- |");
    for (RunResult run : runs) {
      Result<?> times = run.getPrimaryResult();
      double p99 = quietest(run);
      double bound = bound(run);
      String row =
          "| %s | %s | %s | %s | %s | %s |"
              .formatted(
                  name(run),
                  micros(times.getStatistics().getPercentile(50)),
                  micros(times.getStatistics().getPercentile(99)),
                  micros(p99),
                  bytes(run),
                  p99 <= bound
                      ? "≤ %,.0f, reached".formatted(bound)
                      : "≤ %,.0f, missed".formatted(bound));
      table.add(row);
      if (p99 > bound) {
        over.add(row);
      }
    }
    Files.write(Path.of("target", "speed.md"), table);
    assertThat(over).as("over their bounds").isEmpty();
  }

  /**
   * The 99th percentile of the second in which it was lowest: of the others it may say how busy the
   * machine was with other programs.
   */
  private static double quietest(RunResult run) {
    return run.getBenchmarkResults().stream()
        .flatMap(fork -> fork.getIterationResults().stream())
        .mapToDouble(second -> second.getPrimaryResult().getStatistics().getPercentile(99))
        .min()
        .orElseThrow();
  }

  private static double bound(RunResult run) {
    if (run.getParams().getBenchmark().contains("Reading")) {
      return 5_000;
    }
    if (run.getParams().getBenchmark().contains("Credentials")) {
      return 3;
    }
    if (run.getParams().getBenchmark().contains("Limits")) {
      return 3;
    }
    if (run.getParams().getBenchmark().contains("Admitted")) {
      return "0".equals(run.getParams().getParam("waiting")) ? 3 : 50;
    }
    return "1000".equals(run.getParams().getParam("servers")) ? 200 : 50;
  }

  private static String name(RunResult run) {
    String[] path = run.getParams().getBenchmark().split("\\.");
    return path[path.length - 2]
        + "."
        + path[path.length - 1]
        + run.getParams().getParamsKeys().stream()
            .map(key -> " " + key + "=" + run.getParams().getParam(key).toLowerCase(Locale.ROOT))
            .collect(Collectors.joining());
  }

  private static String micros(double value) {
    return (value < 100 ? "%,.1f" : "%,.0f").formatted(value);
  }

  private static String bytes(RunResult run) {
    return run.getSecondaryResults().entrySet().stream()
        .filter(each -> each.getKey().contains("alloc.rate.norm"))
        .map(each -> "%,.0f".formatted(each.getValue().getScore()))
        .findFirst()
        .orElse("-");
  }
}
