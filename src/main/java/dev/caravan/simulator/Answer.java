package dev.caravan.simulator;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * The text that a simulated server answers with, cut into tokens. Immutable; the same for the same
 * server name, prompt and seed.
 *
 * <p>It names the server, so that a person sees who answered, and begins with the word {@code
 * ready} where the prompt contains it, so that a probe that asks for this word is content.
 */
final class Answer {
  private static final int ECHO_CHARACTERS = 60;
  private static final Pattern SPACE = Pattern.compile("\\s+");
  private static final String READY = "ready";
  private static final String[] SENTENCES = {
    "A caravan is as fast as its slowest camel, so we look before we load. ",
    "Tokens leave here one step at a time, many requests to a step. ",
    "The long prompt waits for the budget; the short answer does not wait for it. ",
    "What was computed once is kept while there is room for it. ",
    "Whoever comes back to the same server finds the beginning already read. ",
    "No graphics card was warmed for this answer. ",
    "Water for all, shade for the patient, dates for those who count tokens. ",
    "The road is long, the queue is short, and the night is cool. ",
  };

  private final String text;
  private final int[] ends;
  private final boolean stopped;

  private Answer(String text, int[] ends, boolean stopped) {
    this.text = text;
    this.ends = ends;
    this.stopped = stopped;
  }

  /**
   * Composes an answer.
   *
   * @param server who answers
   * @param said what the user said last
   * @param digest of the whole prompt and the server's seed
   * @param most the most tokens, from 1
   * @param least do not stop by itself before so many tokens, from 0
   */
  static Answer compose(String server, String said, long digest, int most, int least) {
    StringBuilder text = new StringBuilder(256);
    boolean ready = saysReady(said);
    text.append(ready ? READY + ". " : "").append("This is ").append(server);
    text.append(", a simulated model server. ");
    if (!said.isBlank()) {
      text.append("You said: ").append(echo(said)).append(". ");
    }
    int sentence = (int) Long.remainderUnsigned(digest, SENTENCES.length);
    int count = 2 + (int) Long.remainderUnsigned(digest >>> 8, 4);
    for (int i = 0; i < count; i++) {
      text.append(SENTENCES[sentence++ % SENTENCES.length]);
    }
    text.setLength(text.length() - 1);
    // One token more than the text has: the end of sequence.
    int natural = cut(text, ready, Integer.MAX_VALUE).length + 1;
    if (natural <= most && natural >= least) {
      return new Answer(text.toString(), cut(text, ready, natural), true);
    }
    int tokens = natural > most ? most : Math.min(most, least);
    while (text.length() < (long) tokens * PromptBlocks.TOKEN_BYTES + 8) {
      text.append(' ').append(SENTENCES[sentence++ % SENTENCES.length].stripTrailing());
    }
    int[] ends = cut(text, ready, tokens);
    boolean stopped = natural <= most && tokens < most;
    return new Answer(text.substring(0, ends[tokens - 1]), ends, stopped);
  }

  /**
   * Goes on with an answer that was begun.
   *
   * <p>Where the beginning is this server's own answer to the same prompt, what is left of that
   * follows, as a greedy model would say it; any other beginning is followed by a whole answer.
   *
   * @param prompt the prompt without the beginning
   * @param begun the beginning, not empty
   * @param most the most tokens more, from 1
   * @param least do not stop by itself before so many more, from 0
   */
  static Answer resume(
      String server, String said, byte[] prompt, long seed, String begun, int most, int least) {
    long digest = PromptBlocks.digest(prompt, seed);
    int given = PromptBlocks.tokens(begun.length());
    Answer whole = compose(server, said, digest, plus(most, given), plus(least, given));
    if (!whole.text.startsWith(begun)) {
      return compose(server, said, digest, most, least);
    }
    int at = 0;
    while (at < whole.ends.length && whole.ends[at] <= begun.length()) {
      at++;
    }
    boolean within = at < whole.ends.length && at > 0 && whole.ends[at - 1] < begun.length();
    if (within && at + 1 < whole.ends.length) {
      // As a tokenizer would: what is left of the token goes into the next one.
      at++;
    }
    // The word "ready" makes one token longer, so the count of tokens above may be off by one.
    int to = (int) Math.min(whole.ends.length, (long) at + most);
    int[] rest = new int[to - at];
    for (int i = at; i < to; i++) {
      rest[i - at] = whole.ends[i] - begun.length();
    }
    int end = rest.length == 0 ? begun.length() : whole.ends[to - 1];
    boolean stopped = whole.stopped && to == whole.ends.length && rest.length < most;
    return new Answer(whole.text.substring(begun.length(), end), rest, stopped);
  }

  private static int plus(int tokens, int more) {
    return (int) Math.min(Integer.MAX_VALUE, (long) tokens + more);
  }

  /** How many tokens it has, the end of sequence counted if it stops by itself. */
  int tokens() {
    return ends.length + (stopped ? 1 : 0);
  }

  /** The text of one token; empty for the end of sequence. */
  String token(int index) {
    if (index >= ends.length) {
      return "";
    }
    return text.substring(index == 0 ? 0 : ends[index - 1], ends[index]);
  }

  String text() {
    return text;
  }

  byte[] utf8() {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** As OpenAI spells it: {@code stop} if it stopped by itself, {@code length} if it was cut. */
  String finishReason() {
    return stopped ? "stop" : "length";
  }

  private static boolean saysReady(String said) {
    for (int i = 0; i + READY.length() <= said.length(); i++) {
      boolean begins = (said.charAt(i) | 0x20) == 'r'; // either case
      if (begins && said.regionMatches(true, i, READY, 0, READY.length())) {
        return true;
      }
    }
    return false;
  }

  private static String echo(String said) {
    // Only the beginning is looked at: prompts are long.
    String start = said.substring(0, Math.min(said.length(), 2 * ECHO_CHARACTERS));
    String line = SPACE.matcher(start.strip()).replaceAll(" ");
    if (line.length() <= ECHO_CHARACTERS) {
      return '"' + line + '"';
    }
    int end = ECHO_CHARACTERS;
    if (Character.isHighSurrogate(line.charAt(end - 1))) {
      end--;
    }
    return '"' + line.substring(0, end) + "...\"";
  }

  /** Ends of pieces of four characters; the word "ready" at the start stays whole. */
  private static int[] cut(CharSequence text, boolean ready, int most) {
    int first = Math.min(ready ? READY.length() : PromptBlocks.TOKEN_BYTES, text.length());
    int rest = text.length() - first;
    int pieces = 1 + (rest + PromptBlocks.TOKEN_BYTES - 1) / PromptBlocks.TOKEN_BYTES;
    int[] ends = new int[Math.min(pieces, most)];
    for (int i = 0; i < ends.length; i++) {
      int end = Math.min(text.length(), first + i * PromptBlocks.TOKEN_BYTES);
      boolean insidePair = end < text.length() && Character.isLowSurrogate(text.charAt(end));
      ends[i] = insidePair ? end + 1 : end;
    }
    return ends;
  }
}
