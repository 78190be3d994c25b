package dev.caravan.request;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Requests for tests that do not care what was asked. */
public final class AnyRequest {

  private AnyRequest() {}

  /** A chat request with nothing in it. */
  public static InferenceRequest chat() {
    return answeredIn(-1);
  }

  /** A chat request with nothing in it that wants that many tokens at most; -1 for any number. */
  public static InferenceRequest answeredIn(int maxTokens) {
    return new InferenceRequest(
        Api.CHAT_COMPLETIONS,
        Unpooled.EMPTY_BUFFER,
        "llama-3.1-8b",
        0,
        0,
        false,
        false,
        null,
        maxTokens,
        0,
        0,
        ConversationKeys.NONE,
        PromptPlace.NONE);
  }

  /**
   * A streamed chat, read from its body.
   *
   * @param system what stands before the talk
   * @param turns the user's and the assistant's, in turn
   */
  public static InferenceRequest talk(String system, String... turns) {
    StringBuilder body =
        new StringBuilder("{\"model\":\"llama-3.1-8b\",\"stream\":true,\"messages\":[");
    message(body, "system", system);
    for (int i = 0; i < turns.length; i++) {
      message(body.append(','), i % 2 == 0 ? "user" : "assistant", turns[i]);
    }
    byte[] bytes = body.append("]}").toString().getBytes(StandardCharsets.UTF_8);
    try {
      return new RequestParser().parse(Api.CHAT_COMPLETIONS, Unpooled.wrappedBuffer(bytes));
    } catch (InvalidRequest e) {
      throw new AssertionError(e);
    }
  }

  private static void message(StringBuilder body, String role, String content) {
    body.append("{\"role\":\"").append(role).append("\",\"content\":\"");
    body.append(content).append("\"}");
  }

  /** A text of about that many tokens, in which nothing repeats; another for each seed. */
  public static String words(long seed, int tokens) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    while (text.length() < tokens * PromptPrefix.TOKEN_BYTES) {
      text.append(Integer.toString(random.nextInt(1 << 30), 36)).append(' ');
    }
    return text.substring(0, tokens * PromptPrefix.TOKEN_BYTES);
  }

  /**
   * Talks of a few tenants, most of them turns of conversations that came before; of 500 to some
   * 6,000 tokens. Always the same.
   */
  public static List<InferenceRequest> mixed(int count) {
    Random random = new Random(7);
    List<List<String>> talks = new ArrayList<>();
    List<InferenceRequest> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int which = random.nextInt(talks.size() + 2);
      if (which >= talks.size() || talks.get(which).size() > 4) {
        which = talks.size();
        talks.add(new ArrayList<>());
      } else {
        talks.get(which).add(words(random.nextLong(), 50));
      }
      List<String> talk = talks.get(which);
      talk.add(words(random.nextLong(), 100 + random.nextInt(2_000)));
      requests.add(
          talk(words(which % 3, 400), talk.toArray(String[]::new))
              .in(Conversation.of(Conversation.Source.HEADER, "talk-" + which))
              .of(which % 2));
    }
    return requests;
  }

  /** A prompt whose chunks have these hashes. */
  public static PromptPrefix prefix(long... hashes) {
    return new PromptPrefix(hashes, 0);
  }
}
