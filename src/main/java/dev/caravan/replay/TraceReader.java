package dev.caravan.replay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads traces from files: JSON lines as Mooncake publishes them, and the CSV of Azure's public
 * traces, which says nothing of prefixes, so that every prompt is new. By the file's name: {@code
 * .csv} is the latter.
 */
public final class TraceReader {
  private static final JsonFactory JSON = new JsonFactory();
  private static final List<String> COLUMNS =
      List.of("TIMESTAMP", "ContextTokens", "GeneratedTokens");

  private static final LocalDateTime EPOCH = LocalDateTime.of(1970, 1, 1, 0, 0);

  private final Path file;
  private int line;
  // Blocks that no other request has get ids that no trace has.
  private long unique = -1;

  private TraceReader(Path file) {
    this.file = file;
  }

  /**
   * Reads a whole trace. Requests that stand out of order are sorted by their time.
   *
   * @throws IOException where the file cannot be read, or a line of it is wrong; the message names
   *     file and line
   */
  public static Trace read(Path file) throws IOException {
    Path name = file.getFileName();
    return new TraceReader(file).read(name == null ? file.toString() : name.toString());
  }

  private Trace read(String name) throws IOException {
    List<Trace.Request> requests = new ArrayList<>();
    try (BufferedReader in = Files.newBufferedReader(file)) {
      if (name.endsWith(".csv")) {
        readCsv(in, requests);
      } else {
        readLines(in, requests);
      }
    }
    if (requests.isEmpty()) {
      throw wrong("has no requests");
    }
    requests.sort(Comparator.comparingDouble(Trace.Request::atMillis));
    return new Trace(name, requests);
  }

  private void readLines(BufferedReader in, List<Trace.Request> into) throws IOException {
    for (String text = in.readLine(); text != null; text = in.readLine()) {
      line++;
      if (!text.isBlank()) {
        into.add(request(text));
      }
    }
  }

  private Trace.Request request(String text) throws IOException {
    double at = -1;
    int input = 0;
    int output = -1;
    long[] ids = {};
    try (JsonParser parser = JSON.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw wrong("is not a JSON object");
      }
      for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
        parser.nextToken();
        switch (field) {
          case "timestamp" -> at = parser.getDoubleValue();
          case "input_length" -> input = parser.getIntValue();
          case "output_length" -> output = parser.getIntValue();
          case "hash_ids" -> ids = ids(parser);
          default -> parser.skipChildren();
        }
      }
    } catch (com.fasterxml.jackson.core.JacksonException e) {
      throw wrong("is not the JSON that is expected: " + e.getOriginalMessage());
    }
    return request(at, input, output, ids);
  }

  private long[] ids(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw wrong("has hash_ids that are no array");
    }
    long[] ids = new long[64];
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      ids = count == ids.length ? Arrays.copyOf(ids, 2 * count) : ids;
      ids[count++] = parser.getLongValue();
      if (ids[count - 1] < 0) {
        throw wrong("has a negative hash id");
      }
    }
    return Arrays.copyOf(ids, count);
  }

  private Trace.Request request(double at, int input, int output, long[] ids) throws IOException {
    if (!(at >= 0) || input < 1 || output < 0) {
      throw wrong("needs a timestamp from 0, an input_length from 1 and an output_length from 0");
    }
    int blocks = Trace.Request.blocksOf(input);
    if (ids.length > blocks) {
      throw wrong("has " + ids.length + " hash_ids for " + input + " tokens: at most " + blocks);
    }
    int named = ids.length;
    long[] all = Arrays.copyOf(ids, blocks);
    for (int i = named; i < blocks; i++) {
      all[i] = unique--;
    }
    return new Trace.Request(at, input, Math.max(1, output), all);
  }

  private void readCsv(BufferedReader in, List<Trace.Request> into) throws IOException {
    line = 1;
    List<String> head = List.of(columns(in.readLine()));
    int[] places = COLUMNS.stream().mapToInt(head::indexOf).toArray();
    for (int i = 0; i < places.length; i++) {
      if (places[i] < 0) {
        throw wrong("has no column " + COLUMNS.get(i));
      }
    }
    for (String text = in.readLine(); text != null; text = in.readLine()) {
      line++;
      if (text.isBlank()) {
        continue;
      }
      String[] row = columns(text);
      if (row.length < head.size()) {
        throw wrong("has " + row.length + " columns of " + head.size());
      }
      try {
        LocalDateTime at = LocalDateTime.parse(row[places[0]].replace(' ', 'T'));
        double millis = ChronoUnit.MICROS.between(EPOCH, at) / 1e3;
        int input = Integer.parseInt(row[places[1]]);
        int output = Integer.parseInt(row[places[2]]);
        into.add(request(millis, input, output, new long[0]));
      } catch (NumberFormatException | DateTimeParseException e) {
        throw wrong(
            "has a value that is no " + (e instanceof NumberFormatException ? "number" : "time"));
      }
    }
  }

  private static String[] columns(@Nullable String text) {
    String[] columns = text == null ? new String[0] : text.split(",", -1);
    Arrays.setAll(columns, i -> columns[i].strip());
    return columns;
  }

  private IOException wrong(String what) {
    return new IOException(file + ", line " + line + ", " + what);
  }
}
