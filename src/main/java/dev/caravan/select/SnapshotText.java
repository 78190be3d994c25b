package dev.caravan.select;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Room;
import dev.caravan.fleet.ServerState;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A snapshot as one line of a log, and back.
 *
 * <pre>
 * line   = [row *("; " row)]
 * row    = text " " inflight "/" (max | "-") " w" weight *(" " mark)
 * mark   = ("down" | "spare" | "up") "(" state ")=" text | "share=" decimal | "breaker-open"
 *        | "tried" | "tokens=" number | "queued=" number "/" number | "speed=" decimal
 *        | "ttft=" decimal | "cached=" number | "pressure=" decimal
 *        | "background=" number "/" number "/" room
 * text   = 1*(letter | digit | "." | "_" | "-" | ":" | "/" | "@") | quoted
 * quoted = as a JSON string
 * </pre>
 */
final class SnapshotText {
  private static final String BREAKER_OPEN = "breaker-open";
  private static final String TRIED = "tried";
  private static final String WARM = " share=";
  private static final String TOKENS = " tokens=";
  private static final String QUEUED = " queued=";
  private static final String SPEED = " speed=";
  private static final String TTFT = " ttft=";
  private static final String CACHED = " cached=";
  private static final String PRESSURE = " pressure=";
  private static final Map<Use, String> WORDS =
      new EnumMap<>(Map.of(Use.ANY, "up", Use.LAST_RESORT, "spare", Use.NONE, "down"));

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
      out.append(' ').append(WORDS.get(availability.use()));
      out.append('(').append(availability.state().label()).append(")=");
      text(availability.reason(), out);
    }
    if (view.share() < 1) {
      out.append(WARM).append(view.share());
    }
    if (!view.permitted()) {
      out.append(' ').append(BREAKER_OPEN);
    }
    if (view.tried()) {
      out.append(' ').append(TRIED);
    }
    if (view.tokens() > 0) {
      out.append(TOKENS).append(view.tokens());
    }
    if (view.queued() > 0 || view.backlogTokens() > 0) {
      out.append(QUEUED).append(view.queued()).append('/').append(view.backlogTokens());
    }
    if (view.tokensPerMilli() != 1) {
      out.append(SPEED).append(view.tokensPerMilli());
    }
    if (view.ttftMillisPerToken() > 0) {
      out.append(TTFT).append(view.ttftMillisPerToken());
    }
    if (view.cachedTokens() > 0) {
      out.append(CACHED).append(view.cachedTokens());
    }
    if (view.pressure() > 0) {
      out.append(PRESSURE).append(view.pressure());
    }
    return view.background().write(out);
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
    double share = 1;
    long tokens = 0;
    int queued = 0;
    long backlog = 0;
    double speed = 1;
    double ttft = 0;
    int cached = 0;
    double pressure = 0;
    int background = 0;
    long settledTokens = 0;
    Room room = Room.FREE;
    while (take(" ")) {
      if (take("share=")) {
        share = decimal();
      } else if (take("tokens=")) {
        tokens = wide();
      } else if (take("queued=")) {
        queued = number();
        expect("/");
        backlog = wide();
      } else if (take("speed=")) {
        speed = decimal();
      } else if (take("ttft=")) {
        ttft = decimal();
      } else if (take("cached=")) {
        cached = number();
      } else if (take("pressure=")) {
        pressure = decimal();
      } else if (take("background=")) {
        background = number();
        expect("/");
        settledTokens = wide();
        expect("/");
        room = room();
      } else if (take(BREAKER_OPEN)) {
        permitted = false;
      } else if (take(TRIED)) {
        tried = true;
      } else {
        availability = availability();
      }
    }
    return BackendView.of(
            name, inflight, weight, maxInflight, availability, permitted, tried, share)
        .loaded(tokens, queued, backlog, speed, ttft)
        .caching(cached, pressure)
        .yielding(background, settledTokens, room);
  }

  private Room room() {
    for (Room room : Room.values()) {
      if (take(room.label())) {
        return room;
      }
    }
    throw unreadable("what background work waits for");
  }

  private Availability availability() {
    for (Use use : Use.values()) {
      if (take(WORDS.get(use) + "(")) {
        for (ServerState state : ServerState.values()) {
          if (take(state.label() + ")=")) {
            return new Availability(state, use, text(), Availability.UNTIL_NEWS);
          }
        }
        throw unreadable("the state of a server");
      }
    }
    throw unreadable("what stands against a server");
  }

  private double decimal() {
    int start = at;
    while (at < line.length() && "0123456789.E-".indexOf(line.charAt(at)) >= 0) {
      at++;
    }
    try {
      return Double.parseDouble(line.substring(start, at));
    } catch (NumberFormatException e) {
      at = start;
      throw unreadable("a decimal number");
    }
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
    return (int) upTo(Integer.MAX_VALUE);
  }

  private long wide() {
    return upTo(Long.MAX_VALUE / 10 - 1);
  }

  private long upTo(long most) {
    int start = at;
    long value = 0;
    while (at < line.length() && line.charAt(at) >= '0' && line.charAt(at) <= '9') {
      value = value * 10 + (line.charAt(at) - '0');
      if (value > most) {
        throw unreadable("a number of at most " + most);
      }
      at++;
    }
    if (at == start) {
      throw unreadable("a number");
    }
    return value;
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
