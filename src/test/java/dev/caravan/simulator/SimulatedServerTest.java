package dev.caravan.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a simulated server says on the wire when nothing is wrong with it. */
class SimulatedServerTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static Vertx vertx;
  private SimulatedServer server;
  private SimClient client;

  @BeforeAll
  static void startVertx() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stopVertx() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @BeforeEach
  void start() {
    server =
        SimulatedServer.builder(vertx)
            .name("swift")
            .models("llama-3.1-8b", "other")
            .speedup(50)
            .build()
            .startAndWait();
    client = new SimClient(server.uri());
  }

  @AfterEach
  void stop() {
    server.close();
    assertThat(server.running()).isZero();
  }

  @Test
  void chat_inOnePiece_namesTheServerAndCountsTokens() throws Exception {
    String body = SimClient.chat("Where are the camels?", "");
    HttpResponse<String> first = client.post("/v1/chat/completions", body);
    HttpResponse<String> second = client.post("/v1/chat/completions", body);

    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(first.headers().firstValue("content-type")).contains("application/json");
    JsonNode json = SimClient.json(first.body());
    assertThat(json.at("/object").asText()).isEqualTo("chat.completion");
    assertThat(json.at("/model").asText()).isEqualTo("llama-3.1-8b");
    assertThat(json.at("/choices/0/message/role").asText()).isEqualTo("assistant");
    String text = json.at("/choices/0/message/content").asText();
    assertThat(text).contains("swift").contains("Where are the camels?");
    assertThat(json.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    int prompt = json.at("/usage/prompt_tokens").asInt();
    int completion = json.at("/usage/completion_tokens").asInt();
    assertThat(prompt).isBetween(10, 20);
    assertThat(completion)
        .as("four characters a token")
        .isBetween(text.length() / 4, text.length());
    assertThat(json.at("/usage/total_tokens").asInt()).isEqualTo(prompt + completion);
    assertThat(SimClient.json(second.body()).at("/choices/0/message/content").asText())
        .isEqualTo(text);
    assertThat(server.finished()).isEqualTo(2);
  }

  @Test
  void chat_promptWithTheWordReady_answersReadyFirst() throws Exception {
    String body = SimClient.chat("Reply with the word ready.", "\"max_tokens\":1");
    JsonNode json = SimClient.json(client.post("/v1/chat/completions", body).body());
    assertThat(json.at("/choices/0/message/content").asText()).isEqualTo("ready");
    assertThat(json.at("/choices/0/finish_reason").asText()).isEqualTo("length");
    assertThat(json.at("/usage/completion_tokens").asInt()).isEqualTo(1);
  }

  @Test
  void chat_streamed_isRoleTokensUsageDone() throws Exception {
    String body =
        SimClient.chat(
            "Tell me",
            "\"stream\":true,\"max_completion_tokens\":7,\"stream_options\":{\"include_usage\":true}");
    HttpResponse<String> answer = client.post("/v1/chat/completions", body);
    assertThat(answer.headers().firstValue("content-type"))
        .contains("text/event-stream; charset=utf-8");
    List<String> events = SimClient.events(answer.body());

    assertThat(events).hasSize(1 + 7 + 1 + 1);
    assertThat(events.get(9)).isEqualTo("[DONE]");
    JsonNode role = SimClient.json(events.get(0));
    assertThat(role.at("/object").asText()).isEqualTo("chat.completion.chunk");
    assertThat(role.at("/choices/0/delta/role").asText()).isEqualTo("assistant");
    assertThat(role.at("/choices/0/delta/content").asText()).isEmpty();
    for (int i = 1; i <= 7; i++) {
      JsonNode chunk = SimClient.json(events.get(i));
      assertThat(chunk.at("/id")).isEqualTo(role.at("/id"));
      assertThat(chunk.at("/choices/0/delta/content").asText()).isNotEmpty();
      assertThat(chunk.at("/choices/0/finish_reason").isNull()).isEqualTo(i < 7);
    }
    assertThat(SimClient.json(events.get(7)).at("/choices/0/finish_reason").asText())
        .isEqualTo("length");
    JsonNode usage = SimClient.json(events.get(8));
    assertThat(usage.at("/choices").size()).isZero();
    assertThat(usage.at("/usage/completion_tokens").asInt()).isEqualTo(7);
    assertThat(server.requests("/v1/chat/completions").get(0).emittedAtNanos())
        .hasSize(7)
        .isSorted();
  }

  @Test
  void chat_streamedAndWhole_sayTheSame() throws Exception {
    JsonNode whole =
        SimClient.json(
            client.post("/v1/chat/completions", SimClient.chat("Ünï 🐪 say", "")).body());
    String body = SimClient.chat("Ünï 🐪 say", "\"stream\":true");
    List<String> events = SimClient.events(client.post("/v1/chat/completions", body).body());
    StringBuilder text = new StringBuilder();
    for (String event : events.subList(0, events.size() - 1)) {
      text.append(SimClient.json(event).at("/choices/0/delta/content").asText());
    }
    assertThat(text.toString())
        .isEqualTo(whole.at("/choices/0/message/content").asText())
        .contains("🐪");
    assertThat(events).hasSize(whole.at("/usage/completion_tokens").asInt() + 2);
  }

  @Test
  void chat_streamed_sendsTheHeadAtOnceAndOneEventAChunk() throws Exception {
    try (SimulatedServer slow =
            SimulatedServer.builder(vertx).speedup(0.005).build().startAndWait();
        RawConnection raw = new RawConnection(slow.port())) {
      raw.post("/v1/chat/completions", SimClient.chat("hi", "\"stream\":true"));
      // 15 ms of API entry alone would take 3 s.
      assertThat(raw.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200 OK");
      assertThat(slow.requests().get(0).emittedAtNanos()).isEmpty();
    }
    try (RawConnection raw = new RawConnection(server.port())) {
      raw.post("/v1/chat/completions", SimClient.chat("hi", "\"stream\":true,\"max_tokens\":3"));
      raw.readUntil("\r\n\r\n");
      for (int i = 0; i < 5; i++) {
        assertThat(raw.readChunk()).startsWith("data: ").endsWith("\n\n").containsOnlyOnce("data:");
      }
      assertThat(raw.readChunk()).as("the last chunk").isEmpty();
    }
  }

  @Test
  void completions_ignoringTheEnd_makeAsManyTokensAsAsked() throws Exception {
    String body =
        "{\"model\":\"other\",\"prompt\":\"Once\",\"max_tokens\":500,\"ignore_eos\":true}";
    JsonNode json = SimClient.json(client.post("/v1/completions", body).body());
    assertThat(json.at("/object").asText()).isEqualTo("text_completion");
    assertThat(json.at("/model").asText()).isEqualTo("other");
    assertThat(json.at("/choices/0/text").asText()).hasSizeBetween(1_990, 2_010);
    assertThat(json.at("/usage/completion_tokens").asInt()).isEqualTo(500);
    assertThat(json.at("/choices/0/finish_reason").asText()).isEqualTo("length");

    body = "{\"prompt\":[[1,2,3,4]],\"stream\":true}";
    List<String> events = SimClient.events(client.post("/v1/completions", body).body());
    assertThat(events).as("vLLM's default of 16 tokens").hasSize(17);
    assertThat(SimClient.json(events.get(0)).at("/choices/0/text").asText()).isEqualTo("This");
  }

  @Test
  void chat_nextTurn_reportsCachedTokens() throws Exception {
    String question = "x".repeat(4_000);
    JsonNode first =
        SimClient.json(client.post("/v1/chat/completions", SimClient.chat(question, "")).body());
    assertThat(first.at("/usage/prompt_tokens_details/cached_tokens").asInt()).isZero();
    String answer = SimClient.quoted(first.at("/choices/0/message/content").asText());
    String next =
        "{\"messages\":[{\"role\":\"user\",\"content\":\""
            + question
            + "\"},{\"role\":\"assistant\",\"content\":"
            + answer
            + "},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"and?\"}]}]}";
    JsonNode second = SimClient.json(client.post("/v1/chat/completions", next).body());
    int turn = first.at("/usage/total_tokens").asInt();
    assertThat(second.at("/usage/prompt_tokens_details/cached_tokens").asInt())
        .as("the first prompt and its answer, in blocks of 16")
        .isBetween(turn - 33, turn);
  }

  @Test
  void embeddings_sameText_sameUnitVector() throws Exception {
    String body = "{\"model\":\"llama-3.1-8b\",\"input\":[\"a\",\"b\",\"a\"],\"dimensions\":64}";
    JsonNode json = SimClient.json(client.post("/v1/embeddings", body).body());
    assertThat(json.at("/data")).hasSize(3);
    assertThat(json.at("/data/1/index").asInt()).isEqualTo(1);
    JsonNode vector = json.at("/data/0/embedding");
    assertThat(vector).hasSize(64);
    assertThat(json.at("/data/2/embedding")).isEqualTo(vector);
    assertThat(json.at("/data/1/embedding")).isNotEqualTo(vector);
    double squares = 0;
    for (JsonNode one : vector) {
      squares += one.asDouble() * one.asDouble();
    }
    assertThat(squares).isCloseTo(1, within(1e-4));
    assertThat(json.at("/usage/prompt_tokens").asInt()).isEqualTo(1);
  }

  @Test
  void errors_areWordedAsVllmWordsThem() throws Exception {
    assertError(client.post("/v1/chat/completions", "{nope"), 400, "Bad Request");
    assertError(client.post("/v1/chat/completions", "[1]"), 400, "Bad Request");
    assertError(client.post("/v1/chat/completions", "{}"), 400, "Bad Request");
    assertError(client.post("/v1/chat/completions", "{\"messages\":5}"), 400, "Bad Request");
    assertError(
        client.post("/v1/chat/completions", SimClient.chat("x", "\"max_tokens\":0")),
        400,
        "BadRequestError");
    JsonNode tooLong =
        assertError(
            client.post("/v1/chat/completions", SimClient.chat("x", "\"max_tokens\":131072")),
            400,
            "BadRequestError");
    assertThat(tooLong.at("/error/message").asText())
        .startsWith("This model's maximum context length is 131072 tokens.");
    JsonNode unknown =
        assertError(
            client.post("/v1/completions", "{\"model\":\"gpt-9\",\"prompt\":\"x\"}"),
            404,
            "NotFoundError");
    assertThat(unknown.at("/error/message").asText())
        .isEqualTo("The model `gpt-9` does not exist.");
    assertError(client.get("/v1/chat/completions"), 405, "Method Not Allowed");
    assertError(client.post("/metrics", ""), 405, "Method Not Allowed");
    assertError(client.get("/v2/everything"), 404, "Not Found");
    assertThat(server.failed()).isEqualTo(7);
  }

  private static JsonNode assertError(HttpResponse<String> answer, int status, String type)
      throws IOException {
    assertThat(answer.statusCode()).isEqualTo(status);
    JsonNode json = SimClient.json(answer.body());
    assertThat(json.at("/error/type").asText()).isEqualTo(type);
    assertThat(json.at("/error/code").asInt()).isEqualTo(status);
    assertThat(json.at("/error/message").asText()).isNotEmpty();
    assertThat(json.at("/error").has("param")).isTrue();
    return json;
  }

  @Test
  void modelsAndHealth_answer() throws Exception {
    JsonNode models = SimClient.json(client.get("/v1/models").body());
    assertThat(models.at("/data/0/id").asText()).isEqualTo("llama-3.1-8b");
    assertThat(models.at("/data/1/id").asText()).isEqualTo("other");
    assertThat(models.at("/data/1/max_model_len").asInt()).isEqualTo(131_072);
    HttpResponse<String> health = client.get("/health");
    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(health.body()).isEmpty();
  }

  @Test
  void metrics_parseAndCount() throws Exception {
    client.post("/v1/chat/completions", SimClient.chat("x".repeat(400), "\"max_tokens\":9"));
    client.post("/v1/chat/completions", SimClient.chat("x".repeat(400), "\"max_tokens\":9"));
    HttpResponse<String> answer = client.get("/metrics");
    assertThat(answer.headers().firstValue("content-type"))
        .contains("text/plain; version=0.0.4; charset=utf-8");
    Map<String, Double> samples = SimClient.samples(answer.body());
    String labels = "{engine=\"0\",model_name=\"llama-3.1-8b\"}";
    assertThat(samples)
        .containsEntry("vllm:num_requests_running" + labels, 0.0)
        .containsEntry("vllm:num_requests_waiting" + labels, 0.0)
        .containsEntry("vllm:kv_cache_usage_perc" + labels, 0.0)
        .containsEntry("vllm:generation_tokens_total" + labels, 18.0)
        .containsEntry("vllm:time_to_first_token_seconds_count" + labels, 2.0)
        .containsEntry("vllm:iteration_tokens_total_count" + labels, 18.0)
        .containsEntry("vllm:prefix_cache_hits_total" + labels, 96.0);
    assertThat(samples.get("vllm:prompt_tokens_total" + labels))
        .isEqualTo(samples.get("vllm:prefix_cache_queries_total" + labels))
        .isEqualTo(214.0);
    assertThat(answer.body())
        .contains("vllm:cache_config_info{block_size=\"16\"")
        .contains("num_gpu_blocks=\"28400\"");
    Map<String, List<Double>> buckets =
        samples.entrySet().stream()
            .filter(sample -> sample.getKey().contains("_bucket{"))
            .collect(
                Collectors.groupingBy(
                    sample -> sample.getKey().substring(0, sample.getKey().indexOf('{')),
                    Collectors.mapping(Map.Entry::getValue, Collectors.toList())));
    assertThat(buckets).hasSize(5);
    assertThat(buckets.values()).allSatisfy(counts -> assertThat(counts).isSorted());
  }

  @Test
  void requests_areRecordedWithTheirConnection() throws Exception {
    try (RawConnection raw = new RawConnection(server.port())) {
      raw.post("/v1/chat/completions", SimClient.chat("one", "\"max_tokens\":1"), "X-Seen: a");
      raw.readUntil("}}");
      raw.post("/v1/chat/completions", SimClient.chat("two", "\"max_tokens\":1"), "X-Seen: b");
      raw.readUntil("}}");
    }
    client.post("/v1/chat/completions", SimClient.chat("three", ""));
    List<ReceivedRequest> requests = server.requests();
    assertThat(requests).extracting(ReceivedRequest::method).containsOnly("POST");
    assertThat(requests.get(0).header("x-seen")).contains("a");
    assertThat(requests.get(0).connectionId()).isEqualTo(requests.get(1).connectionId());
    assertThat(requests.get(2).connectionId()).isNotEqualTo(requests.get(1).connectionId());
    assertThat(requests.get(2).text()).isEqualTo(SimClient.chat("three", ""));
    assertThat(requests.get(2).end()).isEqualTo(ReceivedRequest.End.FINISHED);
  }

  @Test
  void clientThatLeaves_isAbortedInTheEngine() throws Exception {
    String endless = "\"stream\":true,\"max_tokens\":100000,\"ignore_eos\":true";
    try (InputStream stream =
        client.open("/v1/chat/completions", SimClient.chat("go on", endless))) {
      assertThat(stream.read()).isEqualTo('d');
      await().atMost(LONG).until(() -> server.load().running() == 1);
      assertThat(server.load().kvBlocksHeld()).isPositive();
      assertThat(server.running()).isEqualTo(1);
    }
    await().atMost(LONG).until(() -> server.aborted() == 1);
    await().atMost(LONG).until(() -> server.load().equals(EngineLoad.IDLE));
    assertThat(server.requests().get(0).end()).isEqualTo(ReceivedRequest.End.ABORTED);
    assertThat(client.get("/metrics").body()).contains("finished_reason=\"abort\"} 1.0");
  }
}
