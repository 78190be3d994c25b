package dev.caravan.admin;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.time.WallClock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One line of JSON for everything that somebody changed, or tried to: the log category {@value
 * #CATEGORY}. Safe for any thread.
 */
public final class AuditLog {
  /** The log category. */
  public static final String CATEGORY = "dev.caravan.audit";

  private static final Logger LOG = Logger.getLogger(CATEGORY);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final WallClock clock;

  /** With times from that clock. */
  public AuditLog(WallClock clock) {
    this.clock = clock;
  }

  /**
   * Somebody changed something.
   *
   * @param what in a word: {@code drain}, {@code weight}, ...
   * @param before what was set before; null where nothing was
   * @param result {@code done}, {@code unchanged}, or what came of it
   */
  void changed(
      Who who,
      String what,
      @Nullable String server,
      @Nullable Object before,
      @Nullable Object after,
      String result) {
    Map<String, @Nullable Object> line = begun(who);
    line.put("what", what);
    line.put("server", server);
    line.put("before", before);
    line.put("after", after);
    line.put("result", result);
    write(line);
  }

  /**
   * Somebody was not let.
   *
   * @param method what they sent
   * @param path where to
   * @param others refused ones that had no line of their own since the last
   */
  void refused(Who who, String method, String path, int status, int others) {
    Map<String, @Nullable Object> line = begun(who);
    line.put("what", method + " " + path);
    line.put("result", "refused");
    line.put("status", status);
    if (others > 0) {
      line.put("others", others);
    }
    write(line);
  }

  private Map<String, @Nullable Object> begun(Who who) {
    Map<String, @Nullable Object> line = new LinkedHashMap<>();
    line.put("at", Instant.ofEpochMilli(clock.epochMillis()).toString());
    line.put("who", who.name());
    line.put("how", who.how());
    line.put("from", who.from());
    return line;
  }

  /** JSON escapes control characters: no name can end the line and begin another. */
  private static void write(Map<String, @Nullable Object> line) {
    try {
      LOG.info(JSON.writeValueAsString(line));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
