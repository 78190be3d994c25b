package dev.caravan.select;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.BackendSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * A snapshot as one line of a log, and back.
 *
 * <pre>
 * line   = [row *("; " row)]
 * row    = text " " inflight "/" (max | "-") " w" weight *(" " mark)
 * mark   = ("down=" | "up=") text | "breaker-open" | "tried"
 * text   = 1*(letter | digit | "." | "_" | "-" | ":" | "/" | "@") | quoted
 * quoted = as a JSON string
 * </pre>
 */
final class SnapshotText {
  private static final String BREAKER_OPEN = "breaker-open";
  private static final String TRIED = "tried";

  private final String line;
  private int at;

  private SnapshotText(String line) {
    this.line = line;
  }

  static String write(Snapshot snapshot) {
    StringBuilder out = new StringBuilder(32 * snapshot.size());
    for (int i = 0; i < snapshot.size(); i++) {
      write(snapshot.view(i), i == 0 ? out : out.append("; "));
    }
    return out.toString();
  }

  static StringBuilder write(BackendView view, StringBuilder out) {
    text(view.name(), out).append(' ').append(view.inflight()).append('/');
    if (view.maxInflight() == BackendSpec.UNLIMITED) {
      out.append('-');
    } else {
      out.append(view.maxInflight());
    }
    out.append(" w").append(view.weight());
    Availability availability = view.availability();
    if (!availability.equals(Availability.UP)) {
      text(availability.reason(), out.append(availability.eligible() ? " up=" : " down="));
    }
    if (!view.permitted()) {
      out.append(' ').append(BREAKER_OPEN);
    }
    if (view.tried()) {
      out.append(' ').append(TRIED);
    }
    return out;
  }

  static Snapshot parse(String line) {
    return new SnapshotText(line).rows();
  }

  private static StringBuilder text(String value, StringBuilder out) {
    boolean bare = !value.isEmpty();
    for (int i = 0; bare && i < value.length(); i++) {
      bare = isBare(value.charAt(i));
    }
    if (bare) {
      return out.append(value);
    }
    out.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (Character.isISOControl(c) || c == '\u2028' || c == '\u2029') {
        out.append("\\u").append(Integer.toHexString(0x10000 | c), 1, 5);
      } else {
        out.append(c);
      }
    }
    return out.append('"');
  }

  private static boolean isBare(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "._-:/@".indexOf(c) >= 0;
  }

  private Snapshot rows() {
    List<BackendView> rows = new ArrayList<>();
    while (at < line.length()) {
      if (!rows.isEmpty()) {
        expect("; ");
      }
      rows.add(row());
    }
    return Snapshot.of(rows);
  }

  private BackendView row() {
    String name = text();
    expect(" ");
    int inflight = number();
    expect("/");
    int maxInflight = take("-") ? BackendSpec.UNLIMITED : number();
    expect(" w");
    int weight = number();
    Availability availability = Availability.UP;
    boolean permitted = true;
    boolean tried = false;
    while (take(" ")) {
      if (take("down=")) {
        availability = Availability.down(text());
      } else if (take("up=")) {
        availability = new Availability(true, text());
      } else if (take(BREAKER_OPEN)) {
        permitted = false;
      } else {
        expect(TRIED);
        tried = true;
      }
    }
    return BackendView.of(name, inflight, weight, maxInflight, availability, permitted, tried);
  }

  private String text() {
    if (take("\"")) {
      return quoted();
    }
    int start = at;
    while (at < line.length() && isBare(line.charAt(at))) {
      at++;
    }
    if (at == start) {
      throw unreadable("a name or a reason");
    }
    return line.substring(start, at);
  }

  private String quoted() {
    StringBuilder value = new StringBuilder();
    while (!take("\"")) {
      if (at == line.length()) {
        throw unreadable("a closing quote");
      }
      if (take("\\u")) {
        value.append(codeUnit());
      } else {
        take("\\");
        if (at == line.length()) {
          throw unreadable("an escaped character");
        }
        value.append(line.charAt(at++));
      }
    }
    return value.toString();
  }

  private char codeUnit() {
    int value = 0;
    for (int i = 0; i < 4; i++) {
      int digit = at < line.length() ? Character.digit(line.charAt(at), 16) : -1;
      if (digit < 0) {
        throw unreadable("four hexadecimal digits");
      }
      value = value << 4 | digit;
      at++;
    }
    return (char) value;
  }

  private int number() {
    int start = at;
    long value = 0;
    while (at < line.length() && line.charAt(at) >= '0' && line.charAt(at) <= '9') {
      value = value * 10 + (line.charAt(at) - '0');
      if (value > Integer.MAX_VALUE) {
        throw unreadable("a number of at most " + Integer.MAX_VALUE);
      }
      at++;
    }
    if (at == start) {
      throw unreadable("a number");
    }
    return (int) value;
  }

  private boolean take(String wanted) {
    if (!line.startsWith(wanted, at)) {
      return false;
    }
    at += wanted.length();
    return true;
  }

  private void expect(String wanted) {
    if (!take(wanted)) {
      throw unreadable("\"" + wanted + "\"");
    }
  }

  private IllegalArgumentException unreadable(String wanted) {
    return new IllegalArgumentException(
        "not a snapshot: expected " + wanted + " at character " + at + " of: " + line);
  }
}
