import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** What was measured, by target, metric and round. */
final class Results {
  private final int rounds;
  private final Map<String, Map<Metric, double[]>> values = new LinkedHashMap<>();
  private final Map<String, Map<String, Long>> errors = new LinkedHashMap<>();

  Results(int rounds) {
    this.rounds = rounds;
  }

  void add(String target, Metric metric, int round, double value) {
    values.computeIfAbsent(target, t -> new EnumMap<>(Metric.class))
            .computeIfAbsent(metric, m -> filled())[round] =
        value;
  }

  void addErrors(String target, String phase, Errors found) {
    Map<String, Long> all = errors.computeIfAbsent(target, t -> new TreeMap<>());
    found.counts().forEach((kind, count) -> all.merge(phase + ": " + kind, count, Long::sum));
    add(target, Metric.ERRORS, 0, all.values().stream().mapToLong(Long::longValue).sum());
  }

  private double[] filled() {
    double[] empty = new double[rounds];
    Arrays.fill(empty, Double.NaN);
    return empty;
  }

  double[] rounds(String target, Metric metric) {
    double[] found = values.getOrDefault(target, Map.of()).get(metric);
    return found == null ? filled() : found;
  }

  Map<String, Long> errors(String target) {
    return errors.getOrDefault(target, Map.of());
  }

  /**
   * The median of the rounds; for added latencies, of each round's value less the direct one. NaN
   * when not measured.
   */
  double median(String target, Metric metric) {
    double[] own = rounds(target, metric);
    if (metric.kind != Metric.Kind.ADDED || target.equals("direct")) {
      return median(own);
    }
    double[] direct = rounds("direct", metric);
    double[] added = new double[rounds];
    Arrays.setAll(added, i -> own[i] - direct[i]);
    return median(added);
  }

  /** What one target has more than another, for each round that both have. */
  double[] differences(String less, String more, Metric metric) {
    double[] from = rounds(less, metric);
    double[] to = rounds(more, metric);
    double[] all = new double[rounds];
    Arrays.setAll(all, i -> to[i] - from[i]);
    return Arrays.stream(all).filter(v -> !Double.isNaN(v)).toArray();
  }

  private static double median(double[] values) {
    double[] known = Arrays.stream(values).filter(v -> !Double.isNaN(v)).sorted().toArray();
    int n = known.length;
    return n == 0 ? Double.NaN : (known[(n - 1) / 2] + known[n / 2]) / 2;
  }
}
