import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The table, the raw numbers and the place of both. */
final class Report {
  private static final Map<String, String> TITLES =
      Map.of(
          "direct",
          "direct",
          "haproxy",
          "HAProxy",
          "nginx",
          "nginx",
          "caravan",
          "Caravan",
          "guarded",
          "Caravan, guarded");

  /** What keys, limits and a queue may add to a request, in microseconds of CPU. */
  private static final double GUARDED_MICROS = 3;

  private final Options options;
  private final Results results;
  private final Map<String, String> versions;
  private final ZonedDateTime time = ZonedDateTime.now(ZoneOffset.UTC);

  /** Versions are by target, in the order of the columns. */
  Report(Options options, Results results, Map<String, String> versions) {
    this.options = options;
    this.results = results;
    this.versions = versions;
  }

  String table() {
    StringBuilder out = new StringBuilder("| measured |");
    StringBuilder rule = new StringBuilder("| --- |");
    for (String target : versions.keySet()) {
      out.append(' ').append(TITLES.get(target)).append(" |");
      rule.append(" ---: |");
    }
    out.append(guarded() ? " more, ± standard error; to reach |\n" : " to reach |\n");
    out.append(rule).append(" --- |\n");
    for (Metric metric : Metric.values()) {
      if (metric.kind != Metric.Kind.RAW) {
        row(metric, out);
      }
    }
    return out.toString();
  }

  private void row(Metric metric, StringBuilder out) {
    StringBuilder row = new StringBuilder("| " + metric.label(options) + " |");
    boolean any = false;
    for (String target : versions.keySet()) {
      String cell = cell(target, metric);
      any |= !cell.equals("-");
      row.append(' ').append(cell).append(" |");
    }
    if (any) {
      out.append(row).append(' ').append(goal(metric)).append(" |\n");
    }
  }

  private String cell(String target, Metric metric) {
    double value = results.median(target, metric);
    if (Double.isNaN(value)) {
      return "-";
    }
    String text = String.format(Locale.ROOT, "%,." + metric.decimals + "f", value);
    if (target.equals("direct")) {
      return metric.kind == Metric.Kind.ADDED ? "(" + text + ")" : text;
    }
    double ratio = ratio(target, metric);
    return target.equals("haproxy") || Double.isNaN(ratio)
        ? text
        : text + String.format(Locale.ROOT, " (%.2f×)", ratio);
  }

  private double ratio(String target, Metric metric) {
    double base = results.median("haproxy", metric);
    double value = results.median(target, metric);
    return metric.kind == Metric.Kind.COUNT || !(base > 0 && value >= 0)
        ? Double.NaN
        : value / base;
  }

  private boolean guarded() {
    return versions.keySet().containsAll(List.of("caravan", "guarded"));
  }

  /** What the guarded one takes more, in the same rounds, and whether it may. */
  private String more(Metric metric) {
    if (metric.kind != Metric.Kind.COST) {
      return "";
    }
    double[] more = results.differences("caravan", "guarded", metric);
    double mean = Arrays.stream(more).average().orElse(Double.NaN);
    double squares = Arrays.stream(more).map(v -> (v - mean) * (v - mean)).sum();
    double error = Math.sqrt(squares / (more.length - 1) / more.length);
    String text = String.format(Locale.ROOT, "%+.1f ± %.1f", mean, error);
    if (metric != Metric.CPU_REQUEST) {
      return text;
    }
    return text
        + String.format(Locale.ROOT, "; ≤ %.0f", GUARDED_MICROS)
        + (mean <= GUARDED_MICROS ? ", reached" : ", **missed**");
  }

  private String goal(Metric metric) {
    if (guarded() && metric != Metric.ERRORS) {
      return more(metric);
    }
    if (Double.isNaN(metric.goal.most())) {
      return "";
    }
    String most =
        String.format(Locale.ROOT, metric.goal.ratio() ? "%.1f×" : "%,.0f", metric.goal.most());
    double reached =
        metric.goal.ratio() ? ratio("caravan", metric) : results.median("caravan", metric);
    return "≤ "
        + most
        + (Double.isNaN(reached)
            ? ""
            : reached <= metric.goal.most() ? ", reached" : ", **missed**");
  }

  /** Errors by kind, one line a target that had any. */
  String errors() {
    return versions.keySet().stream()
        .filter(target -> !results.errors(target).isEmpty())
        .map(target -> TITLES.get(target) + ": " + results.errors(target))
        .collect(Collectors.joining("\n"));
  }

  /** Date, machine, versions and command, as a Markdown paragraph. */
  String circumstances(String command, double otherCores) throws IOException {
    String used =
        versions.entrySet().stream()
            .filter(entry -> !entry.getValue().isEmpty())
            .map(
                entry ->
                    TITLES.get(entry.getKey())
                        + ": "
                        + entry.getValue().replaceAll(" - https?://\\S+", ""))
            .collect(Collectors.joining("; "));
    return "Measured "
        + time.format(DateTimeFormatter.ISO_LOCAL_DATE)
        + " with `"
        + command
        + "` on "
        + machine()
        + (used.isEmpty() ? "" : ". " + used)
        + ". Load generator: JDK "
        + System.getProperty("java.version")
        + ". Medians of "
        + options.rounds
        + " rounds"
        + (options.starts == 1 ? "; " : ", by turns of " + options.starts + " starts; ")
        + (options.accessLog
            ? "every gateway writes an access log to a file"
            : "no gateway writes an access log")
        + String.format(Locale.ROOT, "; other programs used %.2f cores meanwhile.", otherCores);
  }

  /** Its processors, memory and system. */
  static String machine() throws IOException {
    String cpu =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 2))
            .findFirst()
            .orElse(System.getProperty("os.arch"));
    com.sun.management.OperatingSystemMXBean system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return Runtime.getRuntime().availableProcessors()
        + " cores of "
        + cpu
        + ", "
        + Math.round(system.getTotalMemorySize() / (double) (1 << 30))
        + " GiB, Linux "
        + System.getProperty("os.version");
  }

  /** Writes every round's values; returns the file. */
  Path writeRaw(String circumstances) throws IOException {
    StringBuilder json =
        new StringBuilder(
            "{\n  \"circumstances\": " + quote(circumstances) + ",\n  \"targets\": {");
    String separator = "\n";
    for (String target : versions.keySet()) {
      json.append(separator)
          .append("    ")
          .append(quote(target))
          .append(": {\n      \"errors\": {");
      json.append(
          results.errors(target).entrySet().stream()
              .map(entry -> quote(entry.getKey()) + ": " + entry.getValue())
              .collect(Collectors.joining(", ")));
      json.append('}');
      for (Metric metric : Metric.values()) {
        double[] rounds = results.rounds(target, metric);
        if (metric != Metric.ERRORS && Arrays.stream(rounds).anyMatch(v -> !Double.isNaN(v))) {
          json.append(",\n      ")
              .append(quote(metric.name().toLowerCase(Locale.ROOT)))
              .append(": ");
          json.append(
              Arrays.stream(rounds)
                  .mapToObj(v -> Double.isNaN(v) ? "null" : String.format(Locale.ROOT, "%.3f", v))
                  .collect(Collectors.joining(", ", "[", "]")));
        }
      }
      json.append("\n    }");
      separator = ",\n";
    }
    json.append("\n  }\n}\n");
    Path directory = Files.createDirectories(options.project.resolve("target/bench"));
    Path file =
        directory.resolve(
            "results-" + time.format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss")) + ".json");
    return Files.writeString(file, json);
  }

  private static String quote(String text) {
    return '"'
        + text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ")
        + '"';
  }

  /** Replaces what stands between the markers of that name in docs/performance.md. */
  static Path writeDocs(Path project, String name, String text) throws IOException {
    Path file = project.resolve("docs/performance.md");
    String page = Files.readString(file);
    String opening = "<!-- " + name + ":begin -->";
    String closing = "<!-- " + name + ":end -->";
    int begin = page.indexOf(opening);
    int end = page.indexOf(closing);
    if (begin < 0 || end < begin) {
      throw new IOException(file + " has no " + opening + " ... " + closing);
    }
    return Files.writeString(
        file,
        page.substring(0, begin + opening.length()) + "\n" + text + "\n" + page.substring(end));
  }

  /** The commit a directory is at, or nothing. */
  static String commit(Path directory) {
    try {
      Process git =
          new ProcessBuilder("git", "describe", "--always", "--dirty")
              .directory(directory.toFile())
              .start();
      String text = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
      return text.isEmpty() ? "" : "commit " + text;
    } catch (IOException e) {
      return "";
    }
  }
}
