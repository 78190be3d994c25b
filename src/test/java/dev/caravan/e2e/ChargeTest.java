package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.health.HandTicker;
import dev.caravan.tenant.Digest;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What requests cost that take an unusual road, and whom. */
class ChargeTest extends EndToEnd {
  private static final String USAGE =
      "{\"choices\":[],\"usage\":{\"prompt_tokens\":17,\"completion_tokens\":40}}";
  private static final String KEY = "key-of-acme";

  @TempDir Path directory;

  private double charged(String scope, String name) {
    return gateway()
        .meters()
        .get("caravan.limits.tokens")
        .tags("scope", scope, "name", name)
        .functionCounter()
        .count();
  }

  private double used(String limit) {
    return gateway()
        .meters()
        .get("caravan.limits.used.ratio")
        .tags("scope", "pool", "name", PoolYaml.MODEL, "limit", limit)
        .gauge()
        .value();
  }

  private void awaitCharged(double tokens) {
    await()
        .atMost(LONG)
        .untilAsserted(() -> assertThat(charged("pool", PoolYaml.MODEL)).isEqualTo(tokens));
  }

  @Test
  void hedgedRequest_isOnePlaceAndOneRequest_andCostsTheWinnersUsage() throws Exception {
    CountDownLatch both = new CountDownLatch(1);
    CountDownLatch looked = new CountDownLatch(1);
    ScriptedServer late =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.awaitLeft();
            });
    ScriptedServer wins =
        scripted(
            (peer, connection) -> {
              peer.request();
              both.countDown();
              looked.await();
              peer.send(StreamTest.STREAM_HEAD);
              peer.chunk("data: " + USAGE + "\n\n");
              peer.chunk("data: [DONE]\n\n");
              peer.chunk("");
            });
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .parameters(
                "hedge: 50ms",
                "hedgeBudget: 100",
                "requestsPerMinute: 10",
                "tokensPerMinute: 1000",
                "concurrentRequests: 2")
            .balancer("weighted")
            .server("late", late.uri(), "weight: 256")
            .server("wins", wins.uri())
            .text());
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 12));
    both.await();
    assertThat(late.requests()).as("the first one").hasSize(1);
    assertThat(gateway().inflight()).isEqualTo(2);
    assertThat(used("concurrent")).isEqualTo(0.5);
    assertThat(used("requests")).isLessThanOrEqualTo(0.1);
    looked.countDown();
    assertThat(client.answer().status()).isEqualTo(200);
    awaitCharged(57);
    await().atMost(LONG).until(() -> used("concurrent") == 0);
  }

  @Test
  void clientThatLeavesAWholeAnswerUnread_paysItsUsage() throws Exception {
    // More than sockets hold, so that the answer is here as a whole and cannot be written.
    String large = "{\"text\":\"" + "x".repeat(24 << 20) + "\"," + USAGE.substring(1);
    ScriptedServer server = closing(ScriptedServer.answering(ScriptedServer.whole(200, large)));
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("tokensPerMinute: 1000")
            .server("only", server.uri())
            .text());
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("hello"));
    assertThat(client.head().status()).isEqualTo(200);
    client.reset();
    await().atMost(LONG).until(() -> charged("pool", PoolYaml.MODEL) > 0);
    // Its usage where that came through before it left; as much as was reserved where it did not.
    assertThat(charged("pool", PoolYaml.MODEL)).isIn(57.0, 20.0);
  }

  @Test
  void clientThatLeavesBeforeAWholeAnswer_paysThePrompt() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.awaitLeft();
            });
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("tokensPerMinute: 1000")
            .server("only", server.uri())
            .text());
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("hello"));
    await().atMost(LONG).until(() -> server.requests().size() == 1);
    client.reset();
    await().atMost(LONG).until(() -> charged("pool", PoolYaml.MODEL) > 0);
    assertThat(charged("pool", PoolYaml.MODEL))
        .isEqualTo(8); // and nothing of the 12 that it allows
  }

  @Test
  void tenantsLimitInAPool_holdsThereAlone_andIsTold() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("clients.json"),
            """
            {"tenants": {"acme": {"requestsPerMinute": 10,
                                  "limitsInPools": {"%s": {"requestsPerMinute": 1}}}},
             "keys": [{"id": "a", "tenant": "acme", "sha256": "%s"}]}
            """
                .formatted(PoolYaml.MODEL, Digest.of(KEY).hex()));
    start(
        PoolYaml.single(simulated("a").uri())
            + PoolYaml.of("other")
                .server("b", simulated("b").uri(), "model: " + PoolYaml.MODEL)
                .text(),
        Map.of("caravan.clients.file", file.toString()),
        new HandTicker());
    String key = "x-api-key: " + KEY;
    RawHttp.Answer first = ask(Chat.whole("hello"), key);
    assertThat(first.status()).isEqualTo(200);
    assertThat(first.head().header("x-ratelimit-limit-requests")).isEqualTo("1");
    RawHttp.Answer second = ask(Chat.whole("hello"), key);
    assertThat(second.status()).isEqualTo(429);
    assertThat(second.text()).contains("Your limit for this model is 1 requests a minute");
    RawHttp.Answer other = ask(Chat.whole("hello").replace(PoolYaml.MODEL, "other"), key);
    assertThat(other.status()).isEqualTo(200);
    assertThat(other.head().header("x-ratelimit-limit-requests")).isEqualTo("10");
    assertThat(other.head().header("x-ratelimit-remaining-requests")).isEqualTo("8");
    assertThat(
            gateway()
                .meters()
                .get("caravan.limits.refused")
                .tags("scope", "tenant_pool", "name", "acme:" + PoolYaml.MODEL, "limit", "requests")
                .functionCounter()
                .count())
        .isEqualTo(1);
  }
}
