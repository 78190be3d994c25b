package dev.caravan.chaos;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jboss.logmanager.formatters.PatternFormatter;

/** What the gateway logs in this process while this is open; goes nowhere else. */
final class GatewayLog extends Handler implements AutoCloseable {
  private static final PatternFormatter FORMATTER = new PatternFormatter("%s");

  private final Logger logger = Logger.getLogger("dev.caravan");
  private final boolean parents = logger.getUseParentHandlers();
  private final ConcurrentLinkedQueue<Line> lines = new ConcurrentLinkedQueue<>();

  private record Line(long epochMillis, Level level, String message) {}

  GatewayLog() {
    logger.setUseParentHandlers(false);
    setLevel(Level.ALL);
    logger.addHandler(this);
  }

  /** What matters to everybody, and what was logged of those requests; seconds since the start. */
  List<String> about(Set<String> requestIds) {
    Line first = lines.peek();
    long start = first == null ? 0 : first.epochMillis();
    return lines.stream()
        .filter(
            line ->
                line.level().intValue() >= Level.INFO.intValue()
                    || requestIds.stream().anyMatch(id -> line.message().contains(id + ":")))
        .map(
            line ->
                String.format(
                    Locale.ROOT,
                    "%8.3f %s %s",
                    (line.epochMillis() - start) / 1000.0,
                    line.level(),
                    line.message()))
        .toList();
  }

  @Override
  public void publish(LogRecord record) {
    Throwable thrown = record.getThrown();
    String message = FORMATTER.format(record) + (thrown == null ? "" : " | " + thrown);
    lines.add(new Line(record.getMillis(), record.getLevel(), message));
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
    logger.setUseParentHandlers(parents);
  }
}
