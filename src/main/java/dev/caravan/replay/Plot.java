package dev.caravan.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A picture of a few numbers, as SVG that is readable on light and dark ground. For one thread. */
final class Plot {
  private static final int WIDTH = 760;
  private static final int LEFT = 150;
  private static final int RIGHT = 20;
  private static final int TOP = 40;
  private static final int BAR = 22;

  /** Colours that people with every kind of colour vision can tell apart: Okabe and Ito, 2008. */
  private static final List<String> COLOURS =
      List.of(
          "#E69F00", "#56B4E9", "#009E73", "#999999", "#0072B2", "#CC79A7", "#8C564B", "#D55E00");

  private final StringBuilder svg = new StringBuilder();

  private Plot() {}

  /** A bar with its name. */
  record Bar(String name, double value) {}

  /** A line through points, with its name. */
  record Line(String name, List<Point> points) {}

  /** A point of a line. */
  record Point(double x, double y) {}

  /** One bar below the other, from 0. */
  static String bars(String title, String unit, List<Bar> bars) {
    Plot plot = new Plot();
    int height = TOP + bars.size() * (BAR + 6) + 10;
    plot.begin(height, title);
    double most = bars.stream().mapToDouble(Bar::value).max().orElse(1);
    int wide = WIDTH - LEFT - RIGHT - 110;
    for (int i = 0; i < bars.size(); i++) {
      Bar bar = bars.get(i);
      double y = TOP + i * (BAR + 6.0);
      plot.text(LEFT - 8, y + 16, "end", bar.name());
      double length = most > 0 ? wide * bar.value() / most : 0;
      plot.svg.append(
          String.format(
              Locale.ROOT,
              "<rect x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n",
              LEFT,
              y,
              length,
              BAR,
              colour(i)));
      String value = String.format(Locale.ROOT, "%.2f %s", bar.value(), unit);
      plot.text(LEFT + length + 6, y + 16, "start", value);
    }
    return plot.end();
  }

  /**
   * Lines over one ground.
   *
   * @param mostX where the ground ends; it begins at 0, as {@code mostY}
   */
  static String lines(
      String title, String x, String y, double mostX, double mostY, List<Line> lines) {
    Plot plot = new Plot();
    int high = 300;
    int left = 60;
    int wide = WIDTH - left - 170;
    plot.begin(TOP + high + 50, title + ": " + y);
    for (int i = 0; i <= 4; i++) {
      double lineY = TOP + high - high * i / 4.0;
      double lineX = left + wide * i / 4.0;
      plot.rule(left, lineY, left + wide, lineY);
      plot.rule(lineX, TOP, lineX, TOP + high);
      plot.text(left - 6, lineY + 4, "end", number(mostY * i / 4));
      plot.text(lineX, TOP + high + 16, "middle", number(mostX * i / 4));
    }
    plot.text(left + wide / 2.0, TOP + high + 36, "middle", x);
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      List<String> path = new ArrayList<>();
      for (Point point : line.points()) {
        if (point.x() <= mostX) {
          path.add(
              String.format(
                  Locale.ROOT,
                  "%.1f,%.1f",
                  left + wide * point.x() / mostX,
                  TOP + high - high * Math.min(mostY, point.y()) / mostY));
        }
      }
      plot.svg.append(
          String.format(
              Locale.ROOT,
              "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"%s\"/>%n",
              colour(i),
              String.join(" ", path)));
      double key = TOP + 12 + 20.0 * i;
      plot.svg.append(
          String.format(
              Locale.ROOT,
              "<rect x=\"%d\" y=\"%.0f\" width=\"14\" height=\"4\" fill=\"%s\"/>%n",
              left + wide + 14,
              key - 6,
              colour(i)));
      plot.text(left + wide + 34, key, "start", line.name());
    }
    return plot.end();
  }

  private static String colour(int index) {
    return COLOURS.get(index % COLOURS.size());
  }

  private static String number(double value) {
    String text = String.format(Locale.ROOT, "%.2f", value);
    return text.replaceAll("\\.?0+$", "");
  }

  private void begin(int height, String title) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\""
                + " height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">%n",
            WIDTH,
            height,
            WIDTH,
            height));
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    svg.append("<text x=\"10\" y=\"20\" font-size=\"14\">").append(escaped(title));
    svg.append("</text>\n");
  }

  private void rule(double x1, double y1, double x2, double y2) {
    svg.append(
        String.format(
            Locale.ROOT, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#ddd\"/>%n", x1, y1, x2, y2));
  }

  private void text(double x, double y, String anchor, String text) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
            x,
            y,
            anchor,
            escaped(text)));
  }

  private String end() {
    return svg.append("</svg>\n").toString();
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
