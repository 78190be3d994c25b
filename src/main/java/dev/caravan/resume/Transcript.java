package dev.caravan.resume;

import org.jspecify.annotations.Nullable;

/**
 * What a client has been told of one answer so far, whichever servers said it. For one answer and
 * one thread at a time.
 */
final class Transcript {
  /**
   * The longest text that is kept, in UTF-16 units; a longer answer cannot be resumed. A quarter of
   * a million tokens: above the context of nearly all models that are served.
   */
  static final int MAX_TEXT = 1 << 20;

  @Nullable String id;
  @Nullable String model;
  @Nullable String fingerprint;
  long created = -1;

  final StringBuilder text = new StringBuilder();
  boolean role;
  boolean finished;
  boolean done;
  boolean usage;

  /** Tokens of the answer: as the server counts them in its events, or one for each with text. */
  long tokens;

  /** The text up to its last character that is no white space, and the tokens at that point. */
  int solidLength;

  long solidTokens;

  /** Tokens of the client's prompt, where a server has told; or -1. */
  long promptTokens = -1;

  /** Why the answer cannot be resumed; null where it can. */
  @Nullable String obstacle;

  /** Tokens that the current server was given as the beginning of its answer. */
  private long prefilled;

  /** Whether the next event shall be read for the answer's identity. */
  boolean wantsIdentity() {
    return id == null;
  }

  /** The client is told an event. */
  void note(StreamedChunk chunk, CharSequence content) {
    if (id == null && chunk.id != null) {
      id = chunk.id;
      model = chunk.model;
      fingerprint = chunk.fingerprint;
      created = chunk.created;
    }
    role |= chunk.role;
    finished |= chunk.finished;
    if (chunk.obstacle != null) {
      obstacle = chunk.obstacle;
    }
    if (chunk.completionTokens >= 0) {
      tokens = prefilled + chunk.completionTokens;
      usage |= chunk.finished || !chunk.choices;
      if (promptTokens < 0 && chunk.promptTokens >= 0) {
        promptTokens = Math.max(0, chunk.promptTokens - prefilled);
      }
    } else if (!chunk.content.isEmpty()) {
      tokens++;
    }
    append(content);
  }

  private void append(CharSequence content) {
    if (text.length() + content.length() > MAX_TEXT) {
      obstacle = "the answer is longer than " + MAX_TEXT + " characters";
      return;
    }
    int before = text.length();
    text.append(content);
    for (int i = content.length() - 1; i >= 0; i--) {
      if (!white(content.charAt(i))) {
        solidLength = before + i + 1;
        solidTokens = tokens;
        break;
      }
    }
  }

  /** Another server goes on, from so many tokens of the answer. */
  void goesOn(long prefilledTokens) {
    prefilled = prefilledTokens;
    tokens = prefilledTokens;
  }

  /** What a chat template may trim: white space in the sense of Unicode, as Python's strip. */
  static boolean white(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }
}
