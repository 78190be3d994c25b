package dev.caravan.upstream;

import org.jspecify.annotations.Nullable;

/**
 * The trace that a message says it is part of: the headers {@code traceparent} and {@code
 * tracestate}, which come as strings that anybody may have written. Immutable.
 *
 * @param parent a valid {@code traceparent}, as it came; empty where there is none
 * @param state a {@code tracestate} that may go on; empty where there is none
 * @see <a href="https://www.w3.org/TR/trace-context/">W3C Trace Context</a>
 */
public record TraceContext(String parent, String state) {
  /** The names of the two headers. */
  public static final String PARENT = "traceparent";

  public static final String STATE = "tracestate";

  /** Nobody said anything. */
  public static final TraceContext NONE = new TraceContext("", "");

  /** {@code 00-} trace id {@code -} span id {@code -} flags. */
  private static final int LENGTH = 55;

  private static final int TRACE = 3;
  private static final int SPAN = 36;
  private static final int FLAGS = 53;

  /** What the specification asks everybody to carry at least. */
  private static final int MAX_STATE = 512;

  /**
   * What two headers say.
   *
   * @param parent the only {@code traceparent}; null for none, or more than one
   * @param state all {@code tracestate}, joined by commas; null for none
   */
  public static TraceContext of(@Nullable String parent, @Nullable String state) {
    if (parent == null || !valid(parent)) {
      return NONE;
    }
    return new TraceContext(parent, state == null || !mayPass(state) ? "" : state);
  }

  private static boolean valid(String parent) {
    if (parent.length() < LENGTH
        || parent.charAt(2) != '-'
        || parent.charAt(SPAN - 1) != '-'
        || parent.charAt(FLAGS - 1) != '-'
        || !hex(parent, 0, 2)
        || !hex(parent, TRACE, SPAN - 1)
        || !hex(parent, SPAN, FLAGS - 1)
        || !hex(parent, FLAGS, LENGTH)) {
      return false;
    }
    // Later versions may have more, behind another dash.
    boolean whole =
        parent.length() == LENGTH
            || (parent.length() <= MAX_STATE
                && !parent.startsWith("00")
                && parent.charAt(LENGTH) == '-'
                && mayPass(parent));
    return whole && !parent.startsWith("ff") && !zero(parent, TRACE, 32) && !zero(parent, SPAN, 16);
  }

  private static boolean hex(String text, int from, int to) {
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
        return false;
      }
    }
    return true;
  }

  private static boolean zero(String text, int from, int length) {
    for (int i = from; i < from + length; i++) {
      if (text.charAt(i) != '0') {
        return false;
      }
    }
    return true;
  }

  private static boolean mayPass(String state) {
    if (state.length() > MAX_STATE) {
      return false;
    }
    for (int i = 0; i < state.length(); i++) {
      char c = state.charAt(i);
      if (c != '\t' && (c < ' ' || c > '~')) {
        return false;
      }
    }
    return true;
  }

  /** Whether there is a parent. */
  public boolean known() {
    return !parent.isEmpty();
  }

  /** Whether the parent is recorded. */
  public boolean sampled() {
    return known() && (Character.digit(parent.charAt(FLAGS + 1), 16) & 1) == 1;
  }

  /** The trace's id; where {@link #known}. */
  public String traceId() {
    return parent.substring(TRACE, SPAN - 1);
  }

  /** The parent's span id; where {@link #known}. */
  public String spanId() {
    return parent.substring(SPAN, FLAGS - 1);
  }
}
