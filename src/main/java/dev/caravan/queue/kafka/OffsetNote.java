package dev.caravan.queue.kafka;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What is done beyond the offset of a commit, as text for the commit's metadata: {@code
 * done:1.5,2.1} for five offsets that follow one which is not done, and one that follows two more
 * that are not. Numbers have the base 36.
 *
 * @param text the note, empty where nothing is done
 * @param leftOut how many offsets are done and did not fit
 */
record OffsetNote(String text, long leftOut) {
  /** What a broker takes: {@code offset.metadata.max.bytes} of Kafka's default configuration. */
  static final int MAX_LENGTH = 4_096;

  private static final String PREFIX = "done:";
  private static final int BASE = 36;
  private static final Pattern PAIR = Pattern.compile("[0-9a-z]{1,12}\\.[0-9a-z]{1,12}");

  /** Writes a note; what does not fit is left out from the end. */
  static OffsetNote of(long offset, NavigableMap<Long, Long> done) {
    StringBuilder text = new StringBuilder();
    long leftOut = 0;
    long end = offset;
    for (Map.Entry<Long, Long> range : done.entrySet()) {
      long length = range.getValue() - range.getKey();
      String pair =
          (text.isEmpty() ? PREFIX : ",")
              + Long.toString(range.getKey() - end, BASE)
              + "."
              + Long.toString(length, BASE);
      if (leftOut > 0 || text.length() + pair.length() > MAX_LENGTH) {
        leftOut += length;
        continue;
      }
      text.append(pair);
      end = range.getValue();
    }
    return new OffsetNote(text.toString(), leftOut);
  }

  /** Reads a note: ranges as in {@link #of}; none where the text is no such note. */
  static NavigableMap<Long, Long> read(long offset, String text) {
    NavigableMap<Long, Long> done = new TreeMap<>();
    if (!text.startsWith(PREFIX)) {
      return done;
    }
    long end = offset;
    for (String pair : text.substring(PREFIX.length()).split(",", -1)) {
      if (!PAIR.matcher(pair).matches()) {
        return new TreeMap<>();
      }
      int dot = pair.indexOf('.');
      long gap = Long.parseLong(pair.substring(0, dot), BASE);
      long length = Long.parseLong(pair.substring(dot + 1), BASE);
      if (gap < 1 || length < 1 || end > Long.MAX_VALUE - gap - length) {
        return new TreeMap<>();
      }
      done.put(end + gap, end + gap + length);
      end += gap + length;
    }
    return done;
  }
}
