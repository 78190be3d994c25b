package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.caravan.health.HandTicker;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.tenant.Client;
import dev.caravan.tenant.Quota;
import dev.caravan.testing.Ports;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import dev.caravan.upstream.Call;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.camel.Processor;
import org.junit.jupiter.api.Test;

/** What may be used of a pool, from outside. */
class LimitTest extends EndToEnd {
  private final HandTicker ticker = new HandTicker();

  private void limited(URI server, String... limits) throws Exception {
    start(
        PoolYaml.of(PoolYaml.MODEL).parameters(limits).server("only", server).text(),
        Map.of(),
        ticker);
  }

  private double used(String limit) {
    return gateway()
        .meters()
        .get("caravan.limits.used.ratio")
        .tags("scope", "pool", "name", PoolYaml.MODEL, "limit", limit)
        .gauge()
        .value();
  }

  private double charged() {
    return gateway()
        .meters()
        .get("caravan.limits.tokens")
        .tags("scope", "pool", "name", PoolYaml.MODEL)
        .functionCounter()
        .count();
  }

  private void awaitCharged(double tokens) {
    org.awaitility.Awaitility.await()
        .atMost(LONG)
        .untilAsserted(() -> assertThat(charged()).isEqualTo(tokens));
  }

  private static JsonNode error(RawHttp.Answer answer) throws Exception {
    return Chat.json(answer.body()).get("error");
  }

  @Test
  void requestsPerMinute_areTold_refusedAndThereAgain() throws Exception {
    limited(simulated("only").uri(), "requestsPerMinute: 2");
    RawHead first = ask(Chat.whole("hello")).head();
    assertThat(first.status()).isEqualTo(200);
    assertThat(first.header("x-ratelimit-limit-requests")).isEqualTo("2");
    assertThat(first.header("x-ratelimit-remaining-requests")).isEqualTo("1");
    assertThat(first.header("x-ratelimit-reset-requests")).isEqualTo("30s");
    assertThat(first.header("x-ratelimit-limit-tokens")).isNull();
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
    RawHttp.Answer refused = ask(Chat.whole("hello"));
    assertThat(refused.status()).isEqualTo(429);
    assertThat(refused.head().header("retry-after")).isEqualTo("30");
    assertThat(refused.head().header("retry-after-ms")).isEqualTo("30000");
    assertThat(refused.head().header("x-should-retry")).isEqualTo("true");
    assertThat(refused.head().header("x-ratelimit-remaining-requests")).isEqualTo("0");
    assertThat(error(refused).get("code").asText()).isEqualTo("rate_limit_exceeded");
    assertThat(error(refused).get("type").asText()).isEqualTo("requests");
    ticker.pass(29_999);
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(429);
    ticker.pass(1);
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
    assertThat(
            gateway()
                .meters()
                .get("caravan.limits.refused")
                .tags("scope", "pool", "limit", "requests")
                .functionCounter()
                .count())
        .isEqualTo(2);
  }

  @Test
  void tokens_areSettledByUsage() throws Exception {
    limited(simulated("only").uri(), "tokensPerMinute: 1000");
    RawHttp.Answer answer = ask(Chat.whole("hello"));
    JsonNode usage = Chat.json(answer.body()).get("usage");
    assertThat(answer.head().header("x-ratelimit-limit-tokens")).isEqualTo("1000");
    awaitCharged(usage.get("total_tokens").asDouble());
    assertThat(used("tokens")).isEqualTo(usage.get("total_tokens").asDouble() / 1000);
  }

  @Test
  void largerThanTheLimit_isSaid_andNotToComeAgain() throws Exception {
    limited(simulated("only").uri(), "tokensPerMinute: 100");
    RawHttp.Answer answer = ask(Chat.body("hello", "\"max_tokens\":500"));
    assertThat(answer.status()).isEqualTo(429);
    assertThat(answer.head().header("retry-after")).isNull();
    assertThat(answer.head().header("x-should-retry")).isEqualTo("false");
    assertThat(error(answer).get("message").asText()).contains("too large", "100 tokens a minute");
    assertThat(error(answer).get("type").asText()).isEqualTo("tokens");
  }

  @Test
  void stream_isAskedForItsUsage_whichTheClientDoesNotSee() throws Exception {
    SimulatedServer server = simulated("only");
    limited(server.uri(), "tokensPerMinute: 1000");
    RawHttp.Answer answer = ask(Chat.stream("hello", 16));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).contains("[DONE]").doesNotContain("\"usage\":{");
    assertThat(Chat.events(answer.text())).noneMatch(event -> event.contains("\"choices\":[]"));
    String sent = server.requests(Chat.PATH).get(0).text();
    assertThat(Chat.json(sent).at("/stream_options/include_usage").asBoolean()).isTrue();
    org.awaitility.Awaitility.await().atMost(LONG).until(() -> charged() > 16);
    assertThat(used("tokens")).isEqualTo(charged() / 1000);
  }

  @Test
  void stream_whoseClientAsks_getsItsUsage() throws Exception {
    limited(simulated("only").uri(), "tokensPerMinute: 1000");
    RawHttp.Answer answer =
        ask(
            Chat.body(
                "hello",
                "\"stream\":true,\"max_tokens\":8,\"stream_options\":{\"include_usage\":true}"));
    assertThat(answer.text()).contains("\"usage\":{");
  }

  @Test
  void streamWithoutLimitsOfTokens_passesAsItCame() throws Exception {
    SimulatedServer server = simulated("only");
    limited(server.uri(), "requestsPerMinute: 1000");
    ask(Chat.stream("hello", 16));
    assertThat(server.requests(Chat.PATH).get(0).text()).isEqualTo(Chat.stream("hello", 16));
  }

  @Test
  void clientThatLeaves_isChargedWhatItGot() throws Exception {
    CountDownLatch left = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              for (int i = 0; i < 5; i++) {
                peer.chunk("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n");
              }
              peer.awaitLeft();
              left.countDown();
            });
    limited(server.uri(), "tokensPerMinute: 1000", "concurrentRequests: 1");
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 100));
    assertThat(client.head().status()).isEqualTo(200);
    StringBuilder got = new StringBuilder();
    while (got.toString().split("data:", -1).length <= 5) {
      got.append(client.chunk().text());
    }
    assertThat(used("concurrent")).isEqualTo(1);
    RawHttp.Answer full = ask(Chat.whole("hello"));
    assertThat(full.status()).isEqualTo(429);
    assertThat(error(full).get("message").asText()).contains("1 requests at a time");
    client.reset();
    left.await();
    org.awaitility.Awaitility.await().atMost(LONG).until(() -> charged() > 5);
    assertThat(charged()).isBetween(10.0, 30.0); // some 12 of the prompt, and five
    assertThat(used("tokens")).isEqualTo(charged() / 1000);
    assertThat(used("concurrent")).isZero();
  }

  @Test
  void failedRequest_costsNothing() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send("HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n");
            });
    limited(server.uri(), "tokensPerMinute: 1000", "requestsPerMinute: 5", "concurrentRequests: 2");
    assertThat(ask(Chat.whole("hello")).status()).isGreaterThanOrEqualTo(500);
    assertThat(used("tokens")).isZero();
    assertThat(used("requests")).isZero();
    assertThat(used("concurrent")).isZero();
    assertThat(charged()).isZero();
  }

  @Test
  void serversOwnHeaders_doNotMixWithTheGateways() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              while (true) {
                peer.request();
                peer.send(
                    "HTTP/1.1 200 x\r\nX-RateLimit-Limit-Requests: 7\r\nx-other: 1\r\n"
                        + "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
              }
            });
    limited(server.uri(), "requestsPerMinute: 5");
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("hello").getBytes(StandardCharsets.UTF_8));
    RawHead head = client.answer().head();
    assertThat(head.all("x-ratelimit-limit-requests")).containsExactly("5");
    assertThat(head.header("x-other")).isEqualTo("1");
  }

  @Test
  void limits_surviveAReload() throws Exception {
    SimulatedServer server = simulated("only");
    limited(server.uri(), "requestsPerMinute: 4");
    ask(Chat.whole("hello"));
    ask(Chat.whole("hello"));
    java.nio.file.Files.writeString(
        gateway().routes().resolve("pools.yaml"),
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("requestsPerMinute: 8")
            .server("only", server.uri())
            .text());
    org.awaitility.Awaitility.await()
        .atMost(LONG)
        .untilAsserted(
            () -> {
              ticker.pass(100); // the files are looked at again when time has passed
              RawHead head = ask(Chat.whole("hello")).head();
              assertThat(head.header("x-ratelimit-limit-requests")).isEqualTo("8");
              assertThat(Integer.parseInt(head.header("x-ratelimit-remaining-requests")))
                  .isLessThanOrEqualTo(3);
            });
  }

  @Test
  void jobsOverALimit_waitAndAreAnswered_oneThatNeverFitsIsToldSo() throws Exception {
    Jobs jobs = new Jobs();
    String pool =
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("requestsPerMinute: 30", "tokensPerMinute: 100000")
            .server("only", simulated("only").uri())
            .text();
    start(pool + Jobs.routes(), Map.of(), jobs.beans());
    gateway()
        .send(
            "direct:in", Jobs.line("large", Chat.body("hello", "\"max_tokens\":200000")), Map.of())
        .join();
    for (int i = 0; i < 32; i++) { // one more every two seconds
      gateway().send("direct:in", Jobs.line("job-" + i, Chat.whole("hello")), Map.of());
    }
    List<Jobs.Sent> answers = jobs.answers.await(33);
    assertThat(answers)
        .allSatisfy(
            answer ->
                assertThat(answer.status()).isEqualTo(answer.id().equals("large") ? 429 : 200));
    assertThat(jobs.deadLetters.all()).isEmpty();
    assertThat(
            gateway()
                .meters()
                .get("caravan.limits.refused")
                .tags("scope", "pool", "limit", "requests")
                .functionCounter()
                .count())
        .isPositive();
  }

  /** Two models in front of one pool, each for a client of its own. */
  private void asTenants(Quota acme, Quota other) throws Exception {
    StringBuilder routes = new StringBuilder(PoolYaml.single(simulated("only").uri()));
    for (String tenant : List.of("acme", "other")) {
      routes.append(
          """
          - route:
              id: TENANT
              from:
                uri: pool:TENANT
                steps:
                  - process: { ref: "as-TENANT" }
                  - to: "pool:MODEL"
          """
              .replace("TENANT", tenant)
              .replace("MODEL", PoolYaml.MODEL));
    }
    start(
        routes.toString(),
        Map.of(),
        Map.of("as-acme", as("acme", acme), "as-other", as("other", other)));
  }

  private static Processor as(String tenant, Quota quota) {
    return exchange -> exchange.getIn().getBody(Call.class).client(new Client(tenant, quota));
  }

  private RawHttp.Answer askAs(String tenant, String fields) throws Exception {
    return ask(Chat.body("hello", fields).replace(PoolYaml.MODEL, tenant));
  }

  @Test
  void tenants_haveLimitsOfTheirOwn() throws Exception {
    Quota two = new Quota(2, 0, 0, 0);
    asTenants(two, two);
    assertThat(askAs("acme", "\"max_tokens\":2").status()).isEqualTo(200);
    assertThat(askAs("acme", "\"max_tokens\":2").status()).isEqualTo(200);
    RawHttp.Answer refused = askAs("acme", "\"max_tokens\":2");
    assertThat(refused.status()).isEqualTo(429);
    assertThat(error(refused).get("message").asText()).startsWith("Your limit is 2 requests");
    RawHead other = askAs("other", "\"max_tokens\":2").head();
    assertThat(other.status()).isEqualTo(200);
    assertThat(other.header("x-ratelimit-remaining-requests")).isEqualTo("1");
  }

  @Test
  void monthsBudget_isSpent_andNotToBeTriedAgain() throws Exception {
    asTenants(new Quota(0, 0, 0, 300), Quota.UNLIMITED);
    assertThat(askAs("acme", "\"max_tokens\":200,\"min_tokens\":200").status()).isEqualTo(200);
    org.awaitility.Awaitility.await()
        .atMost(LONG)
        .untilAsserted(
            () ->
                assertThat(
                        gateway()
                            .meters()
                            .get("caravan.limits.tokens")
                            .tags("scope", "tenant", "name", "acme")
                            .functionCounter()
                            .count())
                    .isGreaterThan(200));
    RawHttp.Answer spent = askAs("acme", "\"max_tokens\":200");
    assertThat(spent.status()).isEqualTo(429);
    assertThat(error(spent).get("code").asText()).isEqualTo("insufficient_quota");
    assertThat(spent.head().header("retry-after")).isNull();
    assertThat(spent.head().header("x-should-retry")).isEqualTo("false");
    assertThat(askAs("other", "\"max_tokens\":200").head().header("x-ratelimit-limit-tokens"))
        .isNull();
  }

  @Test
  void redisThatIsAway_holdsNothingUp() throws Exception {
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("requestsPerMinute: 2")
            .server("only", simulated("only").uri())
            .text(),
        Map.of("caravan.limits.redis.url", "redis://u:secret@127.0.0.1:" + Ports.free()));
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(429);
    org.awaitility.Awaitility.await()
        .atMost(LONG)
        .until(
            () ->
                gateway().meters().get("caravan.limits.shared.failures").functionCounter().count()
                    > 0);
    assertThat(gateway().meters().get("caravan.limits.shared").gauge().value()).isZero();
    assertThat(gateway().ready()).isTrue();
  }

  @Test
  void streamThatGoesOnElsewhere_isChargedOnce() throws Exception {
    String event =
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"TEXT \"}}]}\n\n";
    ScriptedServer dies =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              for (int i = 0; i < 4; i++) {
                peer.chunk(event.replace("TEXT", "one"));
              }
            });
    ScriptedServer goesOn =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              peer.chunk(event.replace("TEXT", "two"));
              peer.chunk(
                  "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},"
                      + "\"finish_reason\":\"stop\"}]}\n\n");
              peer.chunk(
                  "data: {\"id\":\"c\",\"choices\":[],"
                      + "\"usage\":{\"prompt_tokens\":17,\"completion_tokens\":2}}\n\n");
              peer.chunk("data: [DONE]\n\n");
              peer.chunk("");
            });
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("resume: \"on\"", "tokensPerMinute: 1000")
            .server("dies", dies.uri())
            .server("goes-on", goesOn.uri())
            .text(),
        Map.of(),
        ticker);
    RawHttp.Answer answer = ask(Chat.body("hello", "\"stream\":true"));
    assertThat(answer.text()).contains("one", "two", "[DONE]").doesNotContain("prompt_tokens");
    assertThat(goesOn.requests()).hasSize(1);
    awaitCharged(19);
    assertThat(used("tokens")).isEqualTo(0.019);
  }
}
