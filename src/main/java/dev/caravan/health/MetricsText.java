package dev.caravan.health;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads samples out of Prometheus' text format 0.0.4 as its bytes arrive, a line at a time, and
 * keeps no more than the line at hand. What is no sample is passed over: it never fails. For one
 * thread. Source: <a
 * href="https://prometheus.io/docs/instrumenting/exposition_formats/">Prometheus, exposition
 * formats</a>.
 */
public final class MetricsText {
  /** Far longer than a sample with every label that engines give it. */
  private static final int MAX_LINE = 16 * 1024;

  private final Sink sink;
  private byte[] line = new byte[256];
  private int length;
  private boolean tooLong;

  /** Takes the samples. */
  @FunctionalInterface
  public interface Sink {

    /**
     * One sample.
     *
     * @param labels as they are written between the braces; empty for none
     * @param value any, infinite and NaN too
     */
    void sample(String name, String labels, double value);
  }

  public MetricsText(Sink sink) {
    this.sink = sink;
  }

  /** Takes a part of the text, which may end anywhere; does not release it. */
  public void accept(ByteBuf part) {
    int from = part.readerIndex();
    int end = part.writerIndex();
    while (from < end) {
      int newline = part.indexOf(from, end, (byte) '\n');
      int until = newline < 0 ? end : newline;
      keep(part, from, until - from);
      if (newline < 0) {
        return;
      }
      end();
      from = newline + 1;
    }
  }

  /** The text is over: its last line need not end with a line break. */
  public void end() {
    if (!tooLong && length > 0) {
      read(line, length);
    }
    length = 0;
    tooLong = false;
  }

  private void keep(ByteBuf part, int from, int count) {
    if (tooLong || length + count > MAX_LINE) {
      tooLong = true;
      return;
    }
    if (length + count > line.length) {
      line = Arrays.copyOf(line, Math.min(MAX_LINE, 2 * (length + count)));
    }
    part.getBytes(from, line, length, count);
    length += count;
  }

  private void read(byte[] text, int length) {
    int nameStart = skipBlanks(text, 0, length);
    if (nameStart == length || text[nameStart] == '#') {
      return;
    }
    int nameEnd = nameStart;
    while (nameEnd < length && text[nameEnd] != '{' && !blank(text[nameEnd])) {
      nameEnd++;
    }
    int at = skipBlanks(text, nameEnd, length);
    int labelStart = at;
    int labelEnd = at;
    if (at < length && text[at] == '{') {
      labelStart = at + 1;
      labelEnd = closingBrace(text, labelStart, length);
      if (labelEnd < 0) {
        return;
      }
      at = skipBlanks(text, labelEnd + 1, length);
    }
    int valueEnd = at;
    while (valueEnd < length && !blank(text[valueEnd])) {
      valueEnd++;
    }
    if (nameEnd == nameStart || valueEnd == at) {
      return;
    }
    double value;
    try {
      value = number(string(text, at, valueEnd));
    } catch (NumberFormatException e) {
      return;
    }
    sink.sample(string(text, nameStart, nameEnd), string(text, labelStart, labelEnd), value);
  }

  /** Where the labels end, past braces within quotes; -1 where they do not. */
  private static int closingBrace(byte[] text, int from, int length) {
    boolean quoted = false;
    for (int i = from; i < length; i++) {
      if (quoted && text[i] == '\\') {
        i++;
      } else if (text[i] == '"') {
        quoted = !quoted;
      } else if (!quoted && text[i] == '}') {
        return i;
      }
    }
    return -1;
  }

  private static double number(String text) {
    return switch (text) {
      case "+Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }

  private static int skipBlanks(byte[] text, int from, int length) {
    int at = from;
    while (at < length && blank(text[at])) {
      at++;
    }
    return at;
  }

  private static boolean blank(byte character) {
    return character == ' ' || character == '\t' || character == '\r';
  }

  private static String string(byte[] text, int from, int to) {
    return new String(text, from, to - from, StandardCharsets.UTF_8);
  }
}
