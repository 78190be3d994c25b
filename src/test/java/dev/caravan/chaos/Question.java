package dev.caravan.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Something that clients ask, whose answer each server knows in advance: it depends on the server's
 * name and the prompt alone.
 *
 * @param tokens how many the answer has
 */
record Question(int number, Api api, String prompt, int tokens) {

  enum Api {
    CHAT("/v1/chat/completions"),
    COMPLETION("/v1/completions"),
    EMBEDDING("/v1/embeddings");

    private final String path;

    Api(String path) {
      this.path = path;
    }

    String path() {
      return path;
    }
  }

  private static final int LONG_TOKENS = 100;

  /** Whether it is answered within a fraction of a second, on a machine that is not too busy. */
  boolean isShort() {
    return tokens < LONG_TOKENS;
  }

  /** A mix of short and long ones, the same for the same seed. */
  static List<Question> draw(Random random) {
    List<Question> all = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      Api api = i % 12 == 11 ? Api.EMBEDDING : i % 4 == 3 ? Api.COMPLETION : Api.CHAT;
      int tokens = i % 6 == 0 ? LONG_TOKENS + random.nextInt(120) : 8 + random.nextInt(40);
      all.add(new Question(i, api, "Question " + i + " of " + random.nextInt(1_000_000), tokens));
    }
    return List.copyOf(all);
  }

  /** The request's body. */
  String body(String model, boolean stream, boolean usage) {
    String limits = "\"max_tokens\":" + tokens + ",\"min_tokens\":" + tokens;
    if (stream) {
      limits += ",\"stream\":true";
    }
    if (stream && usage) {
      limits += ",\"stream_options\":{\"include_usage\":true}";
    }
    String rest =
        switch (api) {
          case CHAT ->
              limits + ",\"messages\":[{\"role\":\"user\",\"content\":\"" + prompt + "\"}]";
          case COMPLETION -> limits + ",\"prompt\":\"" + prompt + '"';
          case EMBEDDING -> "\"dimensions\":16,\"input\":\"" + prompt + '"';
        };
    return "{\"model\":\"" + model + "\"," + rest + '}';
  }

  /** A request that every server has to refuse with a 400. */
  static String bad(String model) {
    return "{\"model\":\"" + model + "\",\"max_tokens\":0,\"messages\":[]}";
  }

  /** What an answer in one piece says. */
  String said(JsonNode answer) {
    return switch (api) {
      case CHAT -> answer.at("/choices/0/message/content").asText();
      case COMPLETION -> answer.at("/choices/0/text").asText();
      case EMBEDDING -> answer.at("/data/0/embedding").toString();
    };
  }

  /** What one event of a stream adds. */
  String added(JsonNode event) {
    return event.at(api == Api.CHAT ? "/choices/0/delta/content" : "/choices/0/text").asText("");
  }
}
