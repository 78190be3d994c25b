package dev.caravan.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be made to go wrong with a simulated server, as a client sees it. */
class SimulatedFaultTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final String CHAT = "/v1/chat/completions";
  private static final String WHOLE = SimClient.chat("hello", "\"max_tokens\":8");
  private static final String STREAM = SimClient.chat("hello", "\"max_tokens\":8,\"stream\":true");
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
    server = SimulatedServer.builder(vertx).speedup(100).build().startAndWait();
    client = new SimClient(server.uri());
  }

  @AfterEach
  void stop() {
    server.close();
    await().atMost(LONG).until(() -> server.running() == 0);
    assertThat(server.received()).isEqualTo(server.finished() + server.failed() + server.aborted());
  }

  @Test
  void refuse_closesTheSocketAndHealOpensTheSamePort() throws Exception {
    int port = server.port();
    try (RawConnection kept = new RawConnection(port)) {
      // One that the server has not accepted yet would be reset.
      kept.get("/health");
      String answer = kept.readUntil("\r\n\r\n");
      assertThat(answer).contains("200 OK").contains("content-length: 0");
      server.fault(new Fault.Refuse());
      assertThat(kept.readAll()).isEmpty();
    }
    await().atMost(LONG).until(() -> refuses(port));
    server.heal();
    assertThat(server.port()).isEqualTo(port);
    assertThat(client.post(CHAT, WHOLE).statusCode()).isEqualTo(200);
  }

  private static boolean refuses(int port) throws Exception {
    try {
      new RawConnection(port).close();
      return false;
    } catch (ConnectException refused) {
      return true;
    }
  }

  @Test
  void refuse_forSomeSeconds_healsByItself() throws Exception {
    String body = "{\"kind\":\"refuse\",\"forSeconds\":0.3}";
    assertThat(client.post("/simulator/fault", body).statusCode()).isEqualTo(200);
    await().atMost(LONG).until(() -> server.armed() == null);
    await().atMost(LONG).ignoreExceptions().until(() -> client.get("/health").statusCode() == 200);
  }

  @Test
  void reset_isAResetWithoutAnAnswer() throws Exception {
    server.fault(new Fault.Reset());
    try (RawConnection raw = new RawConnection(server.port())) {
      raw.post(CHAT, WHOLE);
      assertThatThrownBy(raw::readAll).isInstanceOf(SocketException.class);
    }
    assertThat(server.failed()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"hang_before_head", "hang_before_first_token", "hang_mid_stream"})
  void hang_leavesHealthUpAndProgressStill(String kind) throws Exception {
    client.post("/simulator/fault", "{\"kind\":\"" + kind + "\",\"afterTokens\":3}");
    try (RawConnection raw = new RawConnection(server.port())) {
      raw.post(CHAT, STREAM);
      if (!kind.equals("hang_before_head")) {
        assertThat(raw.readUntil("\r\n\r\n")).contains("text/event-stream");
      }
      if (kind.equals("hang_mid_stream")) {
        for (int i = 0; i < 4; i++) {
          assertThat(raw.readChunk()).contains("delta");
        }
      }
      await().atMost(LONG).until(() -> server.running() == 1);
      assertThat(client.get("/health").statusCode()).isEqualTo(200);
      await()
          .atMost(LONG)
          .until(
              () -> client.get("/metrics").body(),
              text -> text.contains("running{") && text.contains("} 1.0"));
      assertThat(server.aborted()).isZero();
    }
    await().atMost(LONG).until(() -> server.aborted() == 1);
    assertThat(server.load()).isEqualTo(EngineLoad.IDLE);
    server.heal();
    assertThat(client.post(CHAT, STREAM).body()).endsWith("data: [DONE]\n\n");
  }

  @Test
  void cutMidStream_closesAfterSoManyTokens() throws Exception {
    server.fault(new Fault.CutMidStream(5));
    try (RawConnection raw = new RawConnection(server.port())) {
      raw.post(CHAT, STREAM);
      String all = raw.readAll();
      assertThat(all.split("data: ", -1)).as("head, role and five tokens").hasSize(1 + 1 + 5);
      assertThat(all).doesNotContain("[DONE]").doesNotEndWith("0\r\n\r\n");
    }
    try (RawConnection raw = new RawConnection(server.port())) {
      raw.post(CHAT, WHOLE);
      assertThat(raw.readAll()).contains("content-length").doesNotContain("usage");
    }
    assertThat(server.failed()).isEqualTo(2);
    await().atMost(LONG).until(() -> server.load().equals(EngineLoad.IDLE));
  }

  @Test
  void cutMidStream_afterNoToken_sendsTheHeadOnly() throws Exception {
    server.fault(new Fault.CutMidStream(0));
    try (RawConnection raw = new RawConnection(server.port())) {
      raw.post(CHAT, STREAM);
      assertThat(raw.readAll()).startsWith("HTTP/1.1 200").endsWith("\r\n\r\n");
    }
  }

  @Test
  void status_withRetryAfter_strikesSoManyTimes() throws Exception {
    server.fault(ArmedFault.times(2, new Fault.Status(429, 3)));
    for (int i = 0; i < 2; i++) {
      HttpResponse<String> answer = client.post(CHAT, STREAM);
      assertThat(answer.statusCode()).isEqualTo(429);
      assertThat(answer.headers().firstValue("retry-after")).contains("3");
      assertThat(SimClient.json(answer.body()).at("/error/code").asInt()).isEqualTo(429);
    }
    assertThat(client.post(CHAT, WHOLE).statusCode()).isEqualTo(200);
    assertThat(server.armed()).isNull();
  }

  @Test
  void status_sometimes_strikesAboutThatShare() throws Exception {
    server.fault(ArmedFault.sometimes(0.5, new Fault.Status(500)));
    int struck = 0;
    for (int i = 0; i < 60; i++) {
      struck += client.post(CHAT, WHOLE).statusCode() == 500 ? 1 : 0;
    }
    // Seeded, so always the same; a fair coin is within these bounds but once in 1e7.
    assertThat(struck).isBetween(10, 50);
  }

  @Test
  void garbage_isNotJson() throws Exception {
    server.fault(new Fault.Garbage());
    HttpResponse<String> whole = client.post(CHAT, WHOLE);
    assertThat(whole.statusCode()).isEqualTo(200);
    assertThatThrownBy(() -> SimClient.json(whole.body())).isInstanceOf(IOException.class);
    List<String> events = SimClient.events(client.post(CHAT, STREAM).body());
    assertThatThrownBy(() -> SimClient.json(events.get(1))).isInstanceOf(IOException.class);
  }

  @Test
  void slow_stretchesTheGapsBetweenTokens() throws Exception {
    client.post(CHAT, STREAM);
    double before = interTokenSeconds();
    server.fault(new Fault.Slow(100));
    client.post(CHAT, STREAM);
    double slowed = interTokenSeconds() - before;
    server.heal();
    client.post(CHAT, STREAM);
    double healed = interTokenSeconds() - before - slowed;
    // Seven gaps of 8.3 ms at 100 times the speed; by the engine's clock, whatever the machine
    // does.
    assertThat(before).isCloseTo(7 * 83e-6, Percentage.withPercentage(5));
    assertThat(slowed).isCloseTo(7 * 8.3e-3, Percentage.withPercentage(5));
    assertThat(healed).isCloseTo(before, Percentage.withPercentage(1));
  }

  private double interTokenSeconds() throws Exception {
    return SimClient.samples(client.get("/metrics").body()).entrySet().stream()
        .filter(sample -> sample.getKey().startsWith("vllm:inter_token_latency_seconds_sum"))
        .mapToDouble(Map.Entry::getValue)
        .sum();
  }

  @Test
  void freeze_stopsEveryRequest_leavesHealthUp_andHealedAllGoOn() throws Exception {
    server.fault(new Fault.Slow(3_000)); // a quarter of a second a token, until it is frozen
    String longer = SimClient.chat("hello", "\"max_tokens\":200,\"stream\":true");
    try (RawConnection one = new RawConnection(server.port());
        RawConnection other = new RawConnection(server.port())) {
      one.post(CHAT, longer);
      other.post(CHAT, longer);
      one.readUntil("delta");
      other.readUntil("delta");
      assertThat(client.post("/simulator/fault", "{\"kind\":\"freeze\"}").statusCode())
          .isEqualTo(200);
      Map<String, Double> before = SimClient.samples(client.get("/metrics").body());
      try (RawConnection third = new RawConnection(server.port())) {
        third.post(CHAT, STREAM);
        await().atMost(LONG).until(() -> server.running() == 3);
        assertThat(client.get("/health").statusCode()).isEqualTo(200);
        assertThat(SimClient.samples(client.get("/metrics").body()))
            .as("nothing moves")
            .isEqualTo(before);
        assertThat(value(before, "vllm:num_requests_running")).isEqualTo(2);
      }
      await().atMost(LONG).until(() -> server.aborted() == 1);
      assertThat(SimClient.samples(client.get("/metrics").body()))
          .as("nor is it noticed who leaves")
          .containsEntry(key(before, "vllm:num_requests_running"), 2.0);
      server.heal();
      assertThat(one.readUntil("[DONE]")).contains("delta");
      assertThat(other.readUntil("[DONE]")).contains("delta");
    }
    assertThat(client.post(CHAT, STREAM).body()).endsWith("data: [DONE]\n\n");
  }

  private static String key(Map<String, Double> samples, String name) {
    return samples.keySet().stream().filter(key -> key.startsWith(name)).findFirst().orElseThrow();
  }

  private static double value(Map<String, Double> samples, String name) {
    return samples.getOrDefault(key(samples, name), -1.0);
  }

  @Test
  void unhealthy_isOfTheHealthEndpointAlone() throws Exception {
    server.fault(new Fault.Unhealthy(503));
    assertThat(client.get("/health").statusCode()).isEqualTo(503);
    assertThat(client.get("/metrics").statusCode()).isEqualTo(200);
    assertThat(client.post(CHAT, WHOLE).statusCode()).isEqualTo(200);
    client.post("/simulator/fault", "{\"kind\":\"unhealthy\",\"status\":0}");
    try (RawConnection raw = new RawConnection(server.port())) {
      raw.get("/health");
      await().atMost(LONG).until(() -> server.requests("/health").size() == 2);
      assertThat(client.post(CHAT, WHOLE).statusCode()).isEqualTo(200);
    }
    server.heal();
    assertThat(client.get("/health").statusCode()).isEqualTo(200);
  }

  @Test
  void adminPath_showsSetsAndHeals() throws Exception {
    assertThat(client.get("/simulator/fault").body()).isEqualTo("{\"kind\":null}");
    String fault =
        "{\"kind\":\"status\",\"status\":503,\"retryAfterSeconds\":2,\"times\":4,"
            + "\"probability\":0.5}";
    assertThat(client.post("/simulator/fault", fault).body()).isEqualTo(fault);
    assertThat(client.get("/simulator/fault").body()).isEqualTo(fault);
    assertThat(server.armed()).isEqualTo(new ArmedFault(new Fault.Status(503, 2), 4, 0.5));
    assertThat(client.delete("/simulator/fault").body()).isEqualTo("{\"kind\":null}");
    for (String wrong :
        List.of(
            "{}",
            "nope",
            "{\"kind\":\"explode\"}",
            "{\"kind\":\"slow\",\"factor\":0}",
            "{\"kind\":\"freeze\",\"times\":2}",
            "{\"kind\":\"unhealthy\",\"status\":200}",
            "{\"kind\":\"slow\",\"times\":2}",
            "{\"kind\":\"status\",\"status\":200}",
            "{\"kind\":\"cut_mid_stream\",\"after\":5}",
            "{\"kind\":\"reset\",\"probability\":\"often\"}")) {
      assertThat(client.post("/simulator/fault", wrong).statusCode()).as(wrong).isEqualTo(400);
    }
    assertThat(server.armed()).isNull();
  }
}
