package dev.caravan.testing;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jboss.logmanager.formatters.PatternFormatter;

/** What is logged in one category, and below it, while this is open. */
public final class CapturedLog extends Handler implements AutoCloseable {
  private static final PatternFormatter FORMATTER = new PatternFormatter("%s");

  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Logger logger;
  private final boolean parents;

  /** Begins to listen; what it hears goes nowhere else. */
  public static CapturedLog of(String category) {
    return new CapturedLog(category);
  }

  private CapturedLog(String category) {
    logger = Logger.getLogger(category);
    parents = logger.getUseParentHandlers();
    logger.setUseParentHandlers(false);
    setLevel(Level.ALL);
    logger.addHandler(this);
  }

  /** What was logged so far, a line each: level, message, and the exception if there was one. */
  public List<String> lines() {
    return lines;
  }

  @Override
  public void publish(LogRecord record) {
    String message = FORMATTER.format(record);
    Throwable thrown = record.getThrown();
    lines.add(record.getLevel() + " " + message + (thrown == null ? "" : " | " + thrown));
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
    logger.setUseParentHandlers(parents);
  }
}
