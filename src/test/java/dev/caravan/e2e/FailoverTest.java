package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that fails before the first byte costs its client nothing but time. */
class FailoverTest extends EndToEnd {
  /** Of this weight among others of 1, a server is the first choice of {@code weighted}. */
  private static final String FIRST = "weight: 256";

  static Stream<Arguments> failures() {
    return Stream.of(
            new Fault.Refuse(),
            new Fault.Reset(),
            new Fault.HangBeforeHead(),
            new Fault.HangBeforeFirstToken(),
            new Fault.Status(502),
            new Fault.Status(503),
            new Fault.Status(503, 7),
            new Fault.Status(504),
            new Fault.Status(429, 3))
        .flatMap(fault -> Stream.of(Arguments.of(fault, Chat.stream("größer", 5)), whole(fault)));
  }

  private static Arguments whole(Fault fault) {
    // A head alone is no part of an answer in one piece: the same fault, the same result.
    return Arguments.of(fault, Chat.whole("größer"));
  }

  private void startSickAndWell(SimulatedServer sick, SimulatedServer well) throws Exception {
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .server("sick", sick.uri(), FIRST, "firstTokenTimeout: 500ms")
            .server("well", well.uri())
            .text());
  }

  @ParameterizedTest
  @MethodSource("failures")
  void failureBeforeTheFirstByte_goesToTheNextServer_withTheBodyIntact(Fault fault, String body)
      throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    startSickAndWell(sick, well);
    sick.fault(fault);
    RawHttp.Answer answer = ask(body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("well");
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("2");
    assertThat(well.requests(Chat.PATH)).hasSize(1);
    assertThat(well.requests(Chat.PATH).get(0).text()).isEqualTo(body);
    assertThat(sick.running()).isZero();
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 1);
    assertThat(gateway().accessLog().get(0))
        .contains("\"attempts\":2", "\"backend\":\"well\"", "\"outcome\":\"completed\"");
  }

  @Test
  void failure_onAKeptConnection_goesToTheNextServer() throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    startSickAndWell(sick, well);
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("one"));
    assertThat(client.answer().head().header("x-caravan-backend")).isEqualTo("sick");
    sick.fault(new Fault.Refuse());
    client.post(Chat.PATH, Chat.whole("two"));
    RawHttp.Answer answer = client.answer();
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("well");
    sick.heal();
  }

  @Test
  void connection_closedJustAsItIsReused_isReplaced_withoutCountingAsAnAttempt() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              while (peer.request() != null) {
                if (connection == 1 && !server().requests().get(0).text().equals(latest().text())) {
                  return; // the second request on the first connection: closed unanswered
                }
                peer.send(ScriptedServer.whole(200, "{\"connection\":" + connection + "}"));
              }
            });
    current = server;
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("one"));
    assertThat(client.answer().text()).isEqualTo("{\"connection\":1}");
    client.post(Chat.PATH, Chat.whole("two"));
    RawHttp.Answer second = client.answer();
    assertThat(second.text()).isEqualTo("{\"connection\":2}");
    assertThat(second.head().header("x-caravan-attempts")).isEqualTo("1");
  }

  @SuppressWarnings("NullAway.Init") // set before its script runs
  private volatile ScriptedServer current;

  private ScriptedServer server() {
    return current;
  }

  private ScriptedServer.Request latest() {
    return current.requests().get(current.requests().size() - 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 404, 409, 422})
  void clientError_isPassedThrough_andNeverHeldAgainstTheServer(int status) throws Exception {
    String error = "{\"error\":{\"message\":\"the server's own words\"}}";
    ScriptedServer server =
        closing(ScriptedServer.answering(ScriptedServer.whole(status, error, "x-own: yes")));
    SimulatedServer other = simulated("other");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .breaker("minimumNumberOfCalls: 1, slidingWindowSize: 10, failureRateThreshold: 1")
            .server("picky", server.uri(), FIRST)
            .server("other", other.uri())
            .text());
    RawHttp client = client();
    for (int i = 0; i < 100; i++) {
      client.post(Chat.PATH, Chat.whole("no " + i));
      RawHttp.Answer answer = client.answer();
      assertThat(answer.status()).isEqualTo(status);
      assertThat(answer.text()).isEqualTo(error);
      assertThat(answer.head().header("x-own")).isEqualTo("yes");
      assertThat(answer.head().header("x-caravan-backend")).isEqualTo("picky");
      assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("1");
    }
    assertThat(server.connections()).isEqualTo(1);
    assertThat(other.received()).isZero();
  }

  @Test
  void status500_isPassedThrough() throws Exception {
    ScriptedServer server =
        closing(ScriptedServer.answering(ScriptedServer.whole(500, "{\"error\":\"own\"}")));
    SimulatedServer other = simulated("other");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .server("ill", server.uri(), FIRST)
            .server("other", other.uri())
            .text());
    RawHttp.Answer answer = ask(Chat.whole("hello"));
    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.text()).isEqualTo("{\"error\":\"own\"}");
    assertThat(other.received()).isZero();
  }

  @Test
  void openBreaker_keepsRequestsAway_withoutAnAttempt() throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    sick.fault(new Fault.Reset());
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .breaker(
                "minimumNumberOfCalls: 3, slidingWindowSize: 3, failureRateThreshold: 100,"
                    + " waitDurationInOpenState: 600")
            .server("sick", sick.uri(), FIRST)
            .server("well", well.uri())
            .text());
    for (int i = 0; i < 3; i++) {
      assertThat(ask(Chat.whole("n" + i)).head().header("x-caravan-attempts")).isEqualTo("2");
    }
    for (int i = 0; i < 20; i++) {
      RawHttp.Answer answer = ask(Chat.whole("n" + i));
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.head().header("x-caravan-backend")).isEqualTo("well");
      assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("1");
    }
    assertThat(sick.received()).isEqualTo(3);
  }

  @Test
  void attempts_areNoMoreThanTheSettingSays() throws Exception {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL);
    SimulatedServer[] servers = new SimulatedServer[5];
    for (int i = 0; i < servers.length; i++) {
      servers[i] = simulated("s" + i);
      servers[i].fault(new Fault.Status(503));
      pool.server("s" + i, servers[i].uri());
    }
    start(pool.text(), Map.of("caravan.attempts", "2"));
    RawHttp.Answer answer = ask(Chat.whole("hello"));
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("2");
    assertThat(Stream.of(servers).mapToLong(SimulatedServer::received).sum()).isEqualTo(2);
  }

  static Stream<Arguments> lastFailures() {
    return Stream.of(
        Arguments.of(new Fault.Refuse(), 502, "bad_gateway"),
        Arguments.of(new Fault.Reset(), 502, "bad_gateway"),
        Arguments.of(new Fault.HangBeforeHead(), 504, "timeout"),
        Arguments.of(new Fault.Status(503, 7), 503, "no_server_available"),
        Arguments.of(new Fault.Status(429, 3), 429, "rate_limit_exceeded"));
  }

  @ParameterizedTest
  @MethodSource("lastFailures")
  void everyAttemptFailed_isSaidInTheOpenAiShape(Fault fault, int status, String code)
      throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri(), "firstTokenTimeout: 300ms"));
    server.fault(fault);
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      RawHttp.Answer answer = ask(Chat.stream("canary", 5));
      assertThat(answer.status()).isEqualTo(status);
      JsonNode error = Chat.json(answer.body()).path("error");
      assertThat(error.path("code").asText()).isEqualTo(code);
      assertThat(error.path("message").asText()).isNotBlank().doesNotContain("127.0.0.1", "canary");
      assertThat(error.has("type") && error.has("param")).isTrue();
      if (status == 503 || status == 429) {
        assertThat(answer.head().header("retry-after")).isEqualTo(status == 503 ? "7" : "3");
      }
      if (status == 429) {
        assertThat(answer.head().header("retry-after-ms")).isEqualTo("3000");
      }
      assertThat(answer.head().header("x-should-retry"))
          .isEqualTo(status == 504 ? "false" : "true");
      assertThat(log.lines()).anyMatch(line -> line.contains("all attempts failed"));
      assertThat(log.lines().toString()).doesNotContain("canary");
    }
  }

  @Test
  void nobodyEligible_is503WithRetryAfter_andTheReasonInTheLog() throws Exception {
    SimulatedServer server = simulated("only");
    server.fault(new Fault.HangBeforeHead());
    start(PoolYaml.single(server.uri(), "maxInflight: 1"));
    RawHttp first = client();
    first.post(Chat.PATH, Chat.whole("hello"));
    await().atMost(LONG).until(() -> server.running() == 1);
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      RawHttp.Answer answer = ask(Chat.whole("hello"));
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.head().header("retry-after")).isEqualTo("1");
      assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("0");
      assertThat(answer.head().header("x-caravan-backend")).isEqualTo("none");
      assertThat(Chat.json(answer.body()).at("/error/code").asText())
          .isEqualTo("no_server_available");
      assertThat(log.lines()).anyMatch(line -> line.contains("only") && line.contains("no server"));
    }
    assertThat(server.received()).isEqualTo(1);
  }

  @Test
  void unknownModel_is404_andItsNameIsNotRepeated() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    Supplier<String> body = () -> Chat.whole("hello").replace(PoolYaml.MODEL, "canary");
    RawHttp.Answer answer = ask(body.get());
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.head().text() + answer.text()).doesNotContain("canary");
    assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("model_not_found");
    assertThat(answer.head().header("x-should-retry")).isNull();
    assertThat(server.received()).isZero();
  }
}
