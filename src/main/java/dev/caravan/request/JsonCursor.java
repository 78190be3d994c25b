package dev.caravan.request;

/**
 * Steps through JSON that a parser has accepted already, without a tree and without a copy. Belongs
 * to one thread.
 */
abstract class JsonCursor {
  private static final byte[] NOTHING = {};

  byte[] bytes = NOTHING;

  /** Where the next token starts. */
  int at;

  /** Stands before the value that starts there. */
  final void stand(byte[] json, int from) {
    bytes = json;
    at = from;
  }

  /** Lets go of the bytes. */
  final void leave() {
    bytes = NOTHING;
  }

  static boolean startsNumber(byte b) {
    return b == '-' || (b >= '0' && b <= '9');
  }

  static boolean inNumber(byte b) {
    return startsNumber(b) || b == '+' || b == '.' || b == 'e' || b == 'E';
  }

  /** Into an object or a list, to its first entry or its end. */
  final void enter() {
    at++;
    skip();
  }

  /** To the next token that is no comma and no colon. */
  final void skip() {
    while (bytes[at] == ' '
        || bytes[at] == ','
        || bytes[at] == ':'
        || bytes[at] == '\n'
        || bytes[at] == '\r'
        || bytes[at] == '\t') {
      at++;
    }
  }

  /** Over a field's name, to its value; where the name begins. */
  final int name() {
    int quote = at;
    at = JsonText.end(bytes, at);
    skip();
    return quote;
  }

  /** Whether the string that opens there is that one, written without escapes. */
  final boolean named(int quote, String ascii) {
    int length = ascii.length();
    if (quote + length + 1 >= bytes.length || bytes[quote + length + 1] != '"') {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (bytes[quote + 1 + i] != ascii.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Over a value. */
  final void pass() {
    at = JsonText.behind(bytes, at);
  }

  /** Takes the characters of a string. */
  final void text(ChunkHash out) {
    int from = at + 1;
    while (true) {
      int stop = JsonText.special(bytes, from);
      out.put(bytes, from, stop);
      if (bytes[stop] == '"') {
        at = stop + 1;
        return;
      }
      from = escaped(stop, out);
    }
  }

  /** Takes one escaped character; where it ends. */
  private int escaped(int backslash, ChunkHash out) {
    if (bytes[backslash + 1] != 'u') {
      out.put(JsonText.unescape(bytes[backslash + 1]));
      return backslash + 2;
    }
    int unit = JsonText.hex(bytes, backslash + 2);
    int end = backslash + 6;
    if (unit < 0x80) {
      out.put(unit);
    } else if (unit < 0x800) {
      out.put(0xC0 | unit >>> 6);
      out.put(0x80 | (unit & 0x3F));
    } else if (Character.isHighSurrogate((char) unit) && lowSurrogateAt(end)) {
      int point = Character.toCodePoint((char) unit, (char) JsonText.hex(bytes, end + 2));
      out.put(0xF0 | point >>> 18);
      out.put(0x80 | (point >>> 12 & 0x3F));
      out.put(0x80 | (point >>> 6 & 0x3F));
      out.put(0x80 | (point & 0x3F));
      end += 6;
    } else {
      // Half of a pair too: it is no UTF-8, and therefore no other text.
      out.put(0xE0 | unit >>> 12);
      out.put(0x80 | (unit >>> 6 & 0x3F));
      out.put(0x80 | (unit & 0x3F));
    }
    return end;
  }

  private boolean lowSurrogateAt(int place) {
    return bytes[place] == '\\'
        && bytes[place + 1] == 'u'
        && Character.isLowSurrogate((char) JsonText.hex(bytes, place + 2));
  }
}
