package dev.caravan.request;

import io.netty.util.concurrent.FastThreadLocal;

/**
 * Reads the text of a prompt out of JSON that a parser has accepted already, in one pass, and
 * hashes it chunk by chunk. Belongs to one thread; allocates its answer alone.
 */
final class PromptReader extends JsonCursor {
  /* What is hashed
   *
   * The text itself, in UTF-8, and a byte between two parts of it that UTF-8 never has (0xF8 to
   * 0xFF), so that no text can look like a border. So white space between JSON's tokens and the ways
   * to escape a character do not count.
   *
   * Of a message the role comes first, then the content, then all other fields in their order. A
   * content that is one part of text is the same as the text alone: both are rendered alike. What
   * no template renders is left out: fields that are null, and "cache_control", a mark that agents
   * move from message to message. There is no byte for the end of a message or of the prompt: a
   * conversation that grows begins with the whole of what it was.
   *
   * Several prompts in one request stand one behind the other, with a border between them; a list
   * of one is the same as the one alone.
   *
   * Token ids are four bytes each, so that a chunk of text and one of ids have the same size. What is
   * no whole number there, and would be refused by any server, gives some id or other.
   *
   * Pictures and sound in base64 are long and cost few tokens. They are hashed apart, and stand in
   * the text as MEDIUM_TOKENS tokens of their hash.
   */

  /**
   * What a picture, or a sound, counts as: between the 765 tokens of GPT-4o and the 1,369 of
   * Qwen2.5-VL for 1,024 x 1,024 pixels.
   */
  static final int MEDIUM_TOKENS = 1_000;

  /** In bytes of JSON: what is shorter counts as the text that it is. */
  static final int MEDIUM_BYTES = MEDIUM_TOKENS * PromptPrefix.TOKEN_BYTES;

  private static final int MESSAGE = 0xF8;
  private static final int TEXT = 0xF9;
  private static final int NAME = 0xFA;
  private static final int OBJECT = 0xFB;
  private static final int LIST = 0xFC;
  private static final int STRING = 0xFD;
  private static final int LITERAL = 0xFE;
  private static final int END = 0xFF;

  /** Sets token ids apart from text of the same bytes. */
  private static final long IDS = 0x6964732069647320L;

  private static final FastThreadLocal<PromptReader> READER =
      new FastThreadLocal<>() {
        @Override
        protected PromptReader initialValue() {
          return new PromptReader();
        }
      };

  private final ChunkHash chunks = new ChunkHash();
  private final ChunkHash aside = new ChunkHash();
  private ChunkHash out = chunks;

  private PromptReader() {}

  /** The calling thread's own. */
  static PromptReader get() {
    return READER.get();
  }

  /** Whether a long string in a field of that name is a picture or the like. */
  static boolean holdsMedia(String field) {
    return switch (field) {
      case "url", "image_url", "data", "file_data" -> true;
      default -> false;
    };
  }

  /**
   * The chunks of a prompt.
   *
   * @param json valid JSON of the prompt field from {@code from} on
   * @param headTokens of the tools, which are in the seed
   */
  PromptPrefix prefix(byte[] json, int from, long seed, int headTokens) {
    out = chunks;
    out.begin(seed);
    stand(json, from);
    try {
      prompt(seed);
    } finally {
      leave();
    }
    return chunks.prefix(headTokens);
  }

  /** A hash of any JSON value, however it is written; the order of fields counts. */
  long digest(byte[] json, int from) {
    out = aside;
    out.begin(0);
    stand(json, from);
    try {
      value(false);
    } finally {
      leave();
    }
    return out.digest();
  }

  private void prompt(long seed) {
    if (bytes[at] == '"') {
      text(out);
    } else if (bytes[at] != '[') {
      value(false);
    } else {
      int open = at++;
      skip();
      if (bytes[at] == '[' || startsNumber(bytes[at])) {
        at = open;
        out.begin(seed ^ IDS);
        ids();
      } else {
        entries();
      }
    }
  }

  /** Messages, or prompts of text. */
  private void entries() {
    boolean first = true;
    while (bytes[at] != ']' && !out.full()) {
      if (bytes[at] == '{') {
        message();
      } else {
        if (!first) {
          out.put(MESSAGE);
        }
        if (bytes[at] == '"') {
          text(out);
        } else {
          value(false);
        }
      }
      first = false;
      skip();
    }
  }

  private void message() {
    int open = at;
    int role = -1;
    int content = -1;
    boolean more = false;
    for (enter(); bytes[at] != '}'; skip()) {
      int name = name();
      if (named(name, "role")) {
        role = at;
      } else if (named(name, "content")) {
        content = at;
      } else {
        more = true;
      }
      pass();
    }
    int end = at + 1;
    out.put(MESSAGE);
    if (role >= 0 && bytes[role] == '"') {
      at = role;
      text(out);
    }
    if (content >= 0) {
      at = content;
      content();
    }
    if (more) {
      at = open;
      for (enter(); bytes[at] != '}' && !out.full(); skip()) {
        int name = name();
        if (named(name, "role") || named(name, "content")) {
          pass();
        } else {
          field(name);
        }
      }
    }
    at = end;
  }

  private void content() {
    if (bytes[at] == '"') {
      out.put(TEXT);
      text(out);
    } else if (bytes[at] == '[') {
      for (enter(); bytes[at] != ']' && !out.full(); skip()) {
        part();
      }
    } else if (bytes[at] != 'n') {
      value(false);
    }
  }

  /** A part of a content: of text no more than that. */
  private void part() {
    if (bytes[at] != '{') {
      value(false);
      return;
    }
    int open = at;
    boolean plain = false;
    int text = -1;
    for (enter(); bytes[at] != '}'; skip()) {
      int name = name();
      if (named(name, "type")) {
        plain = bytes[at] == '"' && named(at, "text");
      } else if (named(name, "text")) {
        text = bytes[at] == '"' ? at : -1;
      }
      pass();
    }
    int end = at + 1;
    if (plain && text >= 0) {
      at = text;
      out.put(TEXT);
      text(out);
    } else {
      at = open;
      value(false);
    }
    at = end;
  }

  /** Any value at all. */
  private void value(boolean media) {
    switch (bytes[at]) {
      case '{' -> {
        out.put(OBJECT);
        for (enter(); bytes[at] != '}' && !out.full(); skip()) {
          field(name());
        }
        at++;
        out.put(END);
      }
      case '[' -> {
        out.put(LIST);
        for (enter(); bytes[at] != ']' && !out.full(); skip()) {
          value(false);
        }
        at++;
        out.put(END);
      }
      case '"' -> {
        out.put(STRING);
        if (media && JsonText.end(bytes, at) - at > MEDIUM_BYTES) {
          medium();
        } else {
          text(out);
        }
      }
      default -> {
        out.put(LITERAL);
        int from = at;
        pass();
        out.put(bytes, from, at);
      }
    }
  }

  private void field(int name) {
    if (bytes[at] == 'n' || named(name, "cache_control")) {
      pass();
      return;
    }
    int value = at;
    boolean media = named(name, "url") || named(name, "image_url");
    media |= named(name, "data") || named(name, "file_data");
    out.put(NAME);
    at = name;
    text(out);
    at = value;
    value(media);
  }

  private void medium() {
    ChunkHash text = out;
    if (text == aside) {
      text(out);
      return;
    }
    out = aside;
    out.begin(0);
    text(out);
    long digest = out.digest();
    out = text;
    for (int i = 0; i < MEDIUM_TOKENS; i++) {
      out.putInt((int) (digest >>> (i % 2 * Integer.SIZE)));
    }
  }

  private void ids() {
    int depth = 0;
    boolean any = false;
    do {
      skip();
      if (bytes[at] == '[') {
        depth++;
        at++;
        if (any) {
          out.putInt(-1);
        }
      } else if (bytes[at] == ']') {
        depth--;
        at++;
      } else if (startsNumber(bytes[at])) {
        any = true;
        int id = 0;
        for (; inNumber(bytes[at]); at++) {
          id = id * 10 + (bytes[at] - '0');
        }
        out.putInt(id);
      } else {
        value(false);
      }
    } while (depth > 0 && !out.full());
  }
}
