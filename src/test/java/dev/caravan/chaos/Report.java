package dev.caravan.chaos;

import dev.caravan.chaos.Result.End;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** The table of a run, in Markdown. */
final class Report {
  private static final Path FILE = Path.of("target", "chaos", "report.md");
  private static final Path DOCS = Path.of("docs", "reliability.md");
  private static final String BEGIN = "<!-- chaos:begin -->\n";
  private static final String END = "<!-- chaos:end -->";

  private final Run run;
  private final StringBuilder text = new StringBuilder();
  private final List<Double> calm;

  private Report(Run run) {
    this.run = run;
    calm = new ArrayList<>();
    for (Schedule schedule : run.schedules()) {
      calm.addAll(
          firstBytes(run.sent(schedule.pool().model(), run.calmFromNanos(), run.calmUntilNanos())));
    }
  }

  /** Writes it to {@code target/chaos/report.md}, and into the documentation where asked to. */
  static void write(Run run, boolean intoDocs) throws IOException {
    String report = new Report(run).text();
    Files.createDirectories(FILE.getParent());
    Files.writeString(FILE, report);
    if (intoDocs) {
      String docs = Files.readString(DOCS);
      int from = docs.indexOf(BEGIN) + BEGIN.length();
      int to = docs.indexOf(END);
      Files.writeString(DOCS, docs.substring(0, from) + report + docs.substring(to));
    }
  }

  private String text() {
    head();
    text.append("| what is done to a server | times | requests | retried | cut | resumed |");
    text.append(" first byte p50 | p99 |\n");
    text.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (Kind kind : Kind.values()) {
      List<Injected> all = run.injected(kind);
      List<Injected> alone = all.stream().filter(each -> each.round().alone()).toList();
      row(kind.what(), all.size(), during(alone), cutBy(all));
    }
    List<Injected> together = run.injected().stream().filter(i -> !i.round().alone()).toList();
    row("all but one at once", together.size(), during(together), cutBy(together));
    text.append('\n');
    sums();
    return text.toString();
  }

  private void head() {
    Runtime machine = Runtime.getRuntime();
    text.append(
        String.format(
            Locale.ROOT,
            "Seed %d, %d processors, %s %s, JDK %s. Pools: ",
            run.seed(),
            machine.availableProcessors(),
            System.getProperty("os.name"),
            System.getProperty("os.arch"),
            System.getProperty("java.version")));
    List<String> pools = new ArrayList<>();
    for (Schedule schedule : run.schedules()) {
      Pool pool = schedule.pool();
      pools.add(pool.servers().size() + " servers, " + pool.balancer());
    }
    text.append(String.join("; ", pools));
    text.append(". ").append(run.perSecond()).append(" requests a second in each; servers may be");
    text.append(" silent for ").append(run.timeoutMillis()).append(" ms.\n\n");
  }

  private void row(String what, int times, List<Result> requests, long cut) {
    text.append("| ").append(what).append(" | ").append(times).append(" | ");
    if (requests.isEmpty()) {
      text.append("- | - | ").append(cut).append(" | - | - | - |\n");
      return;
    }
    List<Double> first = firstBytes(requests);
    text.append(requests.size()).append(" | ");
    text.append(requests.stream().filter(r -> r.attempts() > 1).count()).append(" | ");
    text.append(cut).append(" | ");
    text.append(requests.stream().filter(Result::resumed).count()).append(" | ");
    text.append(added(first, 0.5)).append(" | ").append(added(first, 0.99)).append(" |\n");
  }

  private void sums() {
    int requests = run.results().size();
    text.append(
        String.format(
            Locale.ROOT,
            "%d requests: %d whole, %d cut and told so, %d refused as they had to be, %d left by"
                + " their clients, **%d failed, %d false**. ",
            requests,
            run.ended(End.WHOLE).size(),
            run.ended(End.CUT).size(),
            run.ended(End.REJECTED).size(),
            run.ended(End.LEFT).size(),
            run.ended(End.FAILED).size(),
            run.ended(End.FALSE).size()));
    text.append(
        String.format(
            Locale.ROOT,
            "%.3f attempts a request, %.3f without those that found no connection. First byte of a"
                + " stream when nothing is wrong: p50 %.0f ms, p99 %.0f ms.%n%n",
            (double) run.attemptsInAll() / requests,
            (double) run.attemptsConnected() / requests,
            percentile(calm, 0.5),
            percentile(calm, 0.99)));
    shares();
  }

  private void shares() {
    List<Share> shares = Share.of(run);
    text.append("Share of a server that was started again, over the fair one: ");
    List<String> seconds = new ArrayList<>();
    for (int second = 0; second < 5; second++) {
      int at = second;
      List<Share> these = shares.stream().filter(share -> share.second() == at).toList();
      if (!these.isEmpty()) {
        seconds.add(
            String.format(
                Locale.ROOT,
                "second %d: %.2f, at most %.2f",
                second + 1,
                these.stream().mapToDouble(Share::ofFair).average().orElse(0),
                these.stream().mapToDouble(Share::ofFair).max().orElse(0)));
      }
    }
    text.append(String.join("; ", seconds)).append(".\n");
  }

  /** What was asked of a pool while that was being done to its servers; each request once. */
  private List<Result> during(List<Injected> injected) {
    return injected.stream()
        .flatMap(
            each ->
                run
                    .sent(
                        run.poolOf(each.injection().server()).model(),
                        each.beganNanos(),
                        each.healedNanos())
                    .stream())
        .distinct()
        .toList();
  }

  /** Answers of a server that were cut while that was being done to it, or soon after. */
  private long cutBy(List<Injected> injected) {
    return run.ended(End.CUT).stream()
        .filter(
            result ->
                injected.stream()
                    .anyMatch(
                        each ->
                            result.backend().equals(each.injection().server())
                                && result.endNanos() - each.beganNanos() >= 0
                                && result.sentNanos() - each.recoveredNanos() < 0))
        .count();
  }

  /** Milliseconds to the first byte of the streams among them. */
  private static List<Double> firstBytes(List<Result> results) {
    return results.stream()
        .filter(result -> result.ask().stream() && result.status() == 200)
        .map(r -> (r.firstNanos() - r.sentNanos()) / (double) TimeUnit.MILLISECONDS.toNanos(1))
        .sorted()
        .toList();
  }

  private String added(List<Double> sorted, double rank) {
    return sorted.isEmpty()
        ? "-"
        : String.format(Locale.ROOT, "%+.0f ms", percentile(sorted, rank) - percentile(calm, rank));
  }

  private static double percentile(List<Double> values, double rank) {
    if (values.isEmpty()) {
      return 0;
    }
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get((int) Math.ceil(rank * sorted.size()) - 1);
  }
}
