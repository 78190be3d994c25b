import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was measured with one broker, round by round. */
final class JobsResults {
  /** One row of the table. */
  enum Row {
    PRODUCED("messages/s stored by a plain client", 0),
    CONSUMED("messages/s read by a plain client", 0),
    ECHO("jobs/s through a plain client that answers each", 0),
    CARAVAN("jobs/s through Caravan", 0),
    ECHO_CPU("CPU of the plain client per job (µs)", 1),
    CARAVAN_CPU("CPU of Caravan per job (µs)", 1),
    ECHO_BROKER_CPU("CPU of the broker per job of the plain client (µs)", 1),
    CARAVAN_BROKER_CPU("CPU of the broker per job of Caravan (µs)", 1),
    COMPILER_SHARE("compilers' part of Caravan's CPU (%)", 1),
    LOST("jobs without an answer, or with an error", 0),
    TWICE("jobs answered twice", 0);

    final String label;
    final int decimals;

    Row(String label, int decimals) {
      this.label = label;
      this.decimals = decimals;
    }
  }

  private final Map<Row, List<Double>> values = new EnumMap<>(Row.class);

  void add(Row row, double value) {
    values.computeIfAbsent(row, any -> new ArrayList<>()).add(value);
  }

  /** The median, or the sum where errors are counted; NaN for none. */
  double value(Row row) {
    double[] all =
        values.getOrDefault(row, List.of()).stream().mapToDouble(each -> each).sorted().toArray();
    if (row == Row.LOST || row == Row.TWICE) {
      return Arrays.stream(all).sum();
    }
    int middle = all.length / 2;
    return all.length == 0
        ? Double.NaN
        : all.length % 2 == 1 ? all[middle] : (all[middle - 1] + all[middle]) / 2;
  }

  String cell(Row row) {
    double value = value(row);
    return Double.isNaN(value)
        ? "-"
        : String.format(Locale.ROOT, "%,." + row.decimals + "f", value);
  }

  /** All rounds, for who wants to see how far they are apart. */
  String rounds() {
    StringBuilder out = new StringBuilder();
    values.forEach(
        (row, all) ->
            out.append(
                String.format(
                    Locale.ROOT,
                    "  %-52s %s%n",
                    row.label,
                    all.stream().map(each -> String.format(Locale.ROOT, "%.1f", each)).toList())));
    return out.toString();
  }
}
