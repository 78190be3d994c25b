package dev.caravan.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.Vertx;
import java.net.http.HttpResponse;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A simulated server whose client has begun the answer, as vLLM reads that. */
class SimulatedPrefillTest {
  private static final String PATH = "/v1/chat/completions";
  private static final String CONTINUED =
      "\"continue_final_message\":true,\"add_generation_prompt\":false";
  private static Vertx vertx;
  private @Nullable SimulatedServer server;

  @BeforeAll
  static void startVertx() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stopVertx() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @AfterEach
  void stop() {
    server().close();
  }

  private SimulatedServer server() {
    return Objects.requireNonNull(server);
  }

  private HttpResponse<String> ask(String body) throws Exception {
    return new SimClient(server().uri()).post(PATH, body);
  }

  private void start(boolean prefill) {
    server =
        SimulatedServer.builder(vertx)
            .name("swift")
            .speedup(100)
            .prefill(prefill)
            .build()
            .startAndWait();
  }

  private static String begun(String beginning, String fields) {
    return SimClient.chat("Are you ready?", fields)
        .replace(
            "}]}", "},{\"role\":\"assistant\",\"content\":" + SimClient.quoted(beginning) + "}]}");
  }

  @Test
  void ownAnswer_begunAnywhere_isContinuedToItsEnd() throws Exception {
    start(true);
    JsonNode whole = SimClient.json(ask(SimClient.chat("Are you ready?", "")).body());
    String text = whole.at("/choices/0/message/content").asText();
    int tokens = whole.at("/usage/completion_tokens").asInt();
    assertThat(text).startsWith("ready. This");
    for (int at = 1; at < text.length(); at += 3) {
      HttpResponse<String> answer = ask(begun(text.substring(0, at), CONTINUED));
      JsonNode rest = SimClient.json(answer.body());
      assertThat(rest.at("/choices/0/message/content").asText()).isEqualTo(text.substring(at));
      assertThat(rest.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
      int left = rest.at("/usage/completion_tokens").asInt();
      assertThat(left + at / 4).isBetween(tokens - 2, tokens + 1);
    }
  }

  @Test
  void limit_countsTheTokensThatAreNew() throws Exception {
    start(true);
    JsonNode rest =
        SimClient.json(ask(begun("ready. This", CONTINUED + ",\"max_tokens\":3")).body());
    assertThat(rest.at("/usage/completion_tokens").asInt()).isEqualTo(3);
    assertThat(rest.at("/choices/0/finish_reason").asText()).isEqualTo("length");
    assertThat(rest.at("/choices/0/message/content").asText()).startsWith(" is swift");
  }

  @Test
  void othersBeginning_isFollowedByAnAnswer() throws Exception {
    start(true);
    JsonNode rest = SimClient.json(ask(begun("Well, ", CONTINUED)).body());
    assertThat(rest.at("/choices/0/message/content").asText()).startsWith("ready. This is swift");
  }

  @Test
  void beginning_withoutTheFlag_isAMessageOfBefore() throws Exception {
    start(true);
    JsonNode answer = SimClient.json(ask(begun("ready. This", "")).body());
    assertThat(answer.at("/choices/0/message/content").asText()).startsWith("ready. This is swift");
  }

  @Test
  void flags_thatContradict_are400() throws Exception {
    start(true);
    String flags = "\"continue_final_message\":true,\"add_generation_prompt\":true";
    assertThat(ask(begun("ready", flags)).statusCode()).isEqualTo(400);
    // vLLM's default of the second flag is true.
    assertThat(ask(begun("ready", "\"continue_final_message\":true")).statusCode()).isEqualTo(400);
    assertThat(ask(SimClient.chat("no beginning", CONTINUED)).statusCode()).isEqualTo(400);
  }

  @Test
  void serverThatCannot_answers400() throws Exception {
    start(false);
    assertThat(ask(begun("ready", CONTINUED)).statusCode()).isEqualTo(400);
    assertThat(ask(SimClient.chat("hello", "")).statusCode()).isEqualTo(200);
  }
}
