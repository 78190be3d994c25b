package dev.caravan.replay;

import dev.caravan.replay.Study.Condition;
import dev.caravan.replay.Study.Reached;
import dev.caravan.replay.Study.Shown;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a {@link Study} found, and how that is written down. Immutable. */
public final class Findings {
  /** The page has what is generated between these two lines. */
  static final String BEGIN = "<!-- simulation:begin -->";

  static final String END = "<!-- simulation:end -->";

  private final Map<Condition, List<Reached>> capacities;
  private final List<Shown> scenarios;
  private final Map<String, List<Figures>> curves;

  Findings(
      Map<Condition, List<Reached>> capacities,
      List<Shown> scenarios,
      Map<String, List<Figures>> curves) {
    this.capacities = capacities;
    this.scenarios = scenarios;
    this.curves = curves;
  }

  /**
   * Replaces what is generated in a page, and the plots in the folder {@code images} beside it.
   *
   * @throws IOException where the page has no place for it, or something cannot be written
   */
  public void writeInto(Path page) throws IOException {
    String old = Files.readString(page);
    int begin = old.indexOf(BEGIN);
    int end = old.indexOf(END, Math.max(0, begin));
    if (begin < 0 || end < 0) {
      throw new IOException(page + " has no lines \"" + BEGIN + "\" and \"" + END + "\"");
    }
    write(page, old.substring(0, begin) + BEGIN + "\n\n" + markdown() + "\n" + old.substring(end));
    Path images = page.resolveSibling("images");
    Files.createDirectories(images);
    write(images.resolve("simulation-capacity.svg"), capacityPlot());
    write(images.resolve("simulation-rate.svg"), ratePlot());
    write(images.resolve("simulation-ttft.svg"), ttftPlot());
  }

  private static void write(Path file, String text) throws IOException {
    Files.write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  // ---- tables

  private String markdown() {
    StringBuilder text = new StringBuilder("### What was to be reached\n\n").append(targets());
    text.append(
        """

        ### Effective capacity

        ![Capacity by balancer](images/simulation-capacity.svg)
        """);
    capacities.forEach((condition, reached) -> text.append(capacity(condition, reached)));
    text.append(
        """

        ### How the time to the first token grows

        ![90th percentile of the time to the first token over the rate](images/simulation-rate.svg)

        ![Time to the first token at one rate](images/simulation-ttft.svg)

        ### Scenarios at one rate

        """);
    for (Shown each : scenarios) {
      text.append("#### ").append(each.title()).append("\n\n");
      text.append(Tables.of(each.figures())).append('\n');
    }
    return text.toString().replaceAll("\n+$", "\n");
  }

  private static String capacity(Condition condition, List<Reached> reached) {
    Ceiling ceiling = condition.ceiling();
    StringBuilder text = new StringBuilder("\n#### ").append(condition.name()).append("\n\n");
    text.append(
        String.format(
            Locale.ROOT,
            "%d requests; at most %s of the prompt tokens hit one endless cache, %s one as large as"
                + " those of all servers; %s of the requests are late even alone on an idle"
                + " server.%n%n",
            condition.workload().items().size(),
            Tables.percent(ceiling.oracle()),
            Tables.percent(ceiling.pooled()),
            Tables.percent(ceiling.slowAlone())));
    text.append(Tables.CAPACITY_HEAD);
    double first = reached.get(0).pace();
    for (Reached each : reached) {
      text.append(Tables.capacityRow(each.figures(), each.pace() / first, ceiling));
    }
    return text.toString();
  }

  private String targets() {
    StringBuilder text =
        new StringBuilder("| what | at least | reached | |\n| --- | ---: | ---: | --- |\n");
    boolean plain = true;
    double same = 1 / Capacity.PRECISION;
    for (Map.Entry<Condition, List<Reached>> each : capacities.entrySet()) {
      List<Reached> reached = each.getValue();
      double prefix = Study.of("prefix-affinity", reached).pace();
      double tokens = Study.of("least-tokens", reached).pace();
      double inflight = Study.of("least-inflight", reached).pace();
      double robin = Study.of("round-robin", reached).pace();
      String name = each.getKey().name();
      target(text, name, "`prefix-affinity` / `round-robin`", plain ? 2.3 : same, prefix / robin);
      target(text, name, "`prefix-affinity` / `least-tokens`", plain ? 1.3 : same, prefix / tokens);
      target(
          text, name, "`least-tokens` / `least-inflight`", plain ? 1.4 : same, tokens / inflight);
      if (plain) {
        double hits = Study.of("prefix-affinity", reached).figures().hitShare();
        double ceiling = each.getKey().ceiling().pooled();
        target(text, name, "hits of `prefix-affinity` / pooled ceiling", 0.9, hits / ceiling);
      }
      plain = false;
    }
    for (Shown each : scenarios) {
      if (each.title().startsWith(Study.HALF_LOAD)) {
        Figures robin = each.figures().get(Study.BALANCERS.indexOf("round-robin"));
        Figures prefix = each.figures().get(Study.BALANCERS.indexOf("prefix-affinity"));
        String title = each.title();
        target(
            text, title, "mean TTFT, round robin's / its", 1, robin.meanTtft() / prefix.meanTtft());
        target(
            text,
            title,
            "99th percentile of TTFT, round robin's / its",
            1,
            robin.ttft().at(0.99) / prefix.ttft().at(0.99));
        target(
            text,
            title,
            "99th percentile end to end, round robin's / its",
            1,
            robin.p99EndToEnd() / prefix.p99EndToEnd());
      }
    }
    return text.toString();
  }

  private static void target(
      StringBuilder text, String condition, String what, double least, double reached) {
    text.append(
        String.format(
            Locale.ROOT,
            "| %s: %s | %.2f | %.2f | %s |%n",
            condition,
            what,
            least,
            reached,
            reached >= least ? "yes" : "**no**"));
  }

  // ---- plots

  private String capacityPlot() {
    Map.Entry<Condition, List<Reached>> plain = capacities.entrySet().iterator().next();
    List<Plot.Bar> bars = new ArrayList<>();
    for (Reached each : plain.getValue()) {
      bars.add(new Plot.Bar(each.figures().balancer(), each.figures().rate()));
    }
    return Plot.bars(
        "Highest rate with 90 % of first tokens within 2 s: " + plain.getKey().name(),
        "requests/s",
        bars);
  }

  private String ratePlot() {
    List<Plot.Line> lines = new ArrayList<>();
    double mostRate = 0;
    for (Map.Entry<String, List<Figures>> each : curves.entrySet()) {
      List<Plot.Point> points = new ArrayList<>();
      for (Figures figures : each.getValue()) {
        points.add(new Plot.Point(figures.rate(), figures.ttft().at(0.9) / 1_000));
        mostRate = Math.max(mostRate, figures.rate());
      }
      lines.add(new Plot.Line(each.getKey(), points));
    }
    return Plot.lines(
        "mooncake, steady", "requests/s", "90th percentile of TTFT, s", round(mostRate), 8, lines);
  }

  private String ttftPlot() {
    Shown steady = scenarios.get(0);
    List<Plot.Line> lines = new ArrayList<>();
    for (Figures figures : steady.figures()) {
      List<Plot.Point> points = new ArrayList<>();
      for (int i = 0; i <= 200; i++) {
        points.add(new Plot.Point(figures.ttft().at(i / 200.0) / 1_000, i / 200.0));
      }
      lines.add(new Plot.Line(figures.balancer(), points));
    }
    return Plot.lines(steady.title(), "TTFT, s", "share of requests", 4, 1, lines);
  }

  /** A number that four parts of are easy to read. */
  private static double round(double most) {
    return 4 * Math.ceil(most / 4);
  }
}
