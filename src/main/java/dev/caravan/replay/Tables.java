package dev.caravan.replay;

import java.util.List;
import java.util.Locale;

/** Figures as tables in Markdown, which reads well in a terminal, too. */
final class Tables {
  static final String HEAD =
      """
      | balancer | TTFT mean | p50 | p90 | p99 | end to end p99 | hits | max/mean | in time | in time/s | rejected | failed |
      | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
      """;

  static final String CAPACITY_HEAD =
      """
      | balancer | capacity, requests/s | times the first | TTFT p50 | p99 | hits | of the pooled ceiling | max/mean | rejected | failed |
      | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
      """;

  private Tables() {}

  /**
   * A row of {@link #CAPACITY_HEAD}.
   *
   * @param figures of a run at the capacity
   * @param times how many times that of the first row
   */
  static String capacityRow(Figures figures, double times, Ceiling ceiling) {
    return String.format(
        Locale.ROOT,
        "| `%s` | %.2f | %.2f | %s | %s | %s | %s | %.2f | %s | %s |%n",
        figures.balancer(),
        figures.rate(),
        times,
        millis(figures.ttft().at(0.5)),
        millis(figures.ttft().at(0.99)),
        percent(figures.hitShare()),
        ceiling.pooled() > 0 ? percent(figures.hitShare() / ceiling.pooled()) : "–",
        figures.maxOverMean(),
        percent(figures.rejected()),
        percent(figures.failed()));
  }

  /** A row of {@link #HEAD}. */
  static String row(Figures figures) {
    return String.format(
        Locale.ROOT,
        "| `%s` | %s | %s | %s | %s | %s | %s | %.2f | %s | %.2f | %s | %s |%n",
        figures.balancer(),
        millis(figures.meanTtft()),
        millis(figures.ttft().at(0.5)),
        millis(figures.ttft().at(0.9)),
        millis(figures.ttft().at(0.99)),
        millis(figures.p99EndToEnd()),
        percent(figures.hitShare()),
        figures.maxOverMean(),
        percent(figures.good()),
        figures.goodput(),
        percent(figures.rejected()),
        percent(figures.failed()));
  }

  static String of(List<Figures> all) {
    StringBuilder text = new StringBuilder(HEAD);
    all.forEach(each -> text.append(row(each)));
    return text.toString();
  }

  /** Milliseconds as people read them. */
  static String millis(double millis) {
    if (Double.isInfinite(millis)) {
      return "never";
    }
    return millis < 1_000
        ? String.format(Locale.ROOT, "%.0f ms", millis)
        : String.format(Locale.ROOT, "%.2f s", millis / 1_000);
  }

  static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
