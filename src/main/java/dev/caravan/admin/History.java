package dev.caravan.admin;

import java.util.LinkedHashMap;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of one server or pool over the last half hour, oldest first; null where nothing was
 * known. Immutable.
 *
 * @param stepSeconds from one number to the next
 * @param to when the last was taken, in milliseconds since 1970
 * @param series the numbers, by the name that they have in the overview
 */
public record History(
    String name,
    int stepSeconds,
    long to,
    @Schema(description = "Numbers by name; all series are of one length")
        Map<String, @Nullable Double[]> series) {

  /** From one number to the next. */
  static final int STEP_SECONDS = 5;

  private static final int STEPS = 30 * 60 / STEP_SECONDS;

  private static final String[] NAMES = {
    "inflight",
    "requestsPerSecond",
    "tokensPerSecond",
    "ttftP50Seconds",
    "ttftP95Seconds",
    "failuresPerSecond"
  };

  /** Where the numbers are kept: the oldest makes room for the newest. Not safe for threads. */
  static final class Ring {
    private final float[][] rows = new float[NAMES.length][STEPS];
    private int size;
    private int next;

    void add(Numbers now) {
      @Nullable Double[] values = {
        (double) now.inflight(),
        now.requestsPerSecond(),
        now.tokensPerSecond(),
        now.ttftP50Seconds(),
        now.ttftP95Seconds(),
        now.failuresPerSecond()
      };
      for (int i = 0; i < rows.length; i++) {
        Double value = values[i];
        rows[i][next] = value == null ? Float.NaN : value.floatValue();
      }
      next = (next + 1) % STEPS;
      size = Math.min(size + 1, STEPS);
    }

    History read(String name, long to) {
      Map<String, @Nullable Double[]> series = new LinkedHashMap<>();
      for (int i = 0; i < rows.length; i++) {
        @Nullable Double[] values = new @Nullable Double[size];
        for (int j = 0; j < size; j++) {
          float value = rows[i][Math.floorMod(next - size + j, STEPS)];
          values[j] = Float.isNaN(value) ? null : Sampler.rounded((double) value);
        }
        series.put(NAMES[i], values);
      }
      return new History(name, STEP_SECONDS, to, series);
    }
  }
}
