package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHttp;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How long a request may take, as its client says. */
class ClientTimeoutTest extends EndToEnd {
  private static final String FIRST = "weight: 256";

  /** Opens at the first failures, so that one that is closed has seen none. */
  private static final String EAGER =
      "minimumNumberOfCalls: 2, slidingWindowSize: 2, failureRateThreshold: 1,"
          + " waitDurationInOpenState: 600";

  private SimulatedServer single(String... parameters) throws Exception {
    SimulatedServer server = simulated("only");
    start(
        PoolYaml.of(PoolYaml.MODEL).breaker(EAGER).server("only", server.uri(), parameters).text());
    return server;
  }

  private double attempts(String backend, String cause) {
    return gateway()
        .meters()
        .find("caravan.backend.attempts")
        .tags("backend", backend, "cause", cause)
        .counters()
        .stream()
        .mapToDouble(counter -> counter.count())
        .sum();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x-caravan-timeout-ms | soon",
        "x-caravan-timeout-ms | 0",
        "x-caravan-timeout-ms | -5",
        "x-caravan-timeout-ms | 1.5",
        "x-caravan-timeout-ms | ''",
        "x-caravan-timeout-ms | 60001",
        "x-caravan-timeout-ms | 99999999999999999999",
        "X-Caravan-TTFT-Timeout-Ms | 10s",
        "X-Caravan-TTFT-Timeout-Ms | 60001"
      })
  void valueThatCannotBe_is400_namingTheHeaderAndTheLimit(String header, String value)
      throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()), Map.of("caravan.http.max-timeout", "1m"));
    RawHttp.Answer answer = ask(Chat.whole("hello"), header + ": " + value);
    assertThat(answer.status()).isEqualTo(400);
    String message = Chat.json(answer.body()).at("/error/message").asText();
    assertThat(message).contains(header.toLowerCase(java.util.Locale.ROOT), "from 1 to 60000");
    assertThat(Chat.json(answer.body()).at("/error/type").asText())
        .isEqualTo("invalid_request_error");
    assertThat(server.received()).isZero();
    assertThat(ask(Chat.whole("hello"), header + ": 60000").status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void total_passedBeforeTheFirstByte_is504_andSpeaksAgainstNobody(boolean stream)
      throws Exception {
    SimulatedServer server = single();
    server.fault(new Fault.HangBeforeFirstToken());
    String body = stream ? Chat.stream("hello", 5) : Chat.whole("hello");
    for (int i = 0; i < 5; i++) {
      RawHttp.Answer answer = ask(body, "x-caravan-timeout-ms: 100");
      assertThat(answer.status()).isEqualTo(504);
      assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("timeout");
    }
    await().atMost(LONG).until(() -> server.aborted() == 5);
    assertThat(gateway().accessLog()).allMatch(line -> line.contains("\"outcome\":\"expired\""));
    assertThat(attempts("only", "client_limit")).isEqualTo(5);
    server.heal();
    assertThat(ask(body, "x-caravan-timeout-ms: 20000").status()).isEqualTo(200);
  }

  @Test
  void total_isOfAllAttemptsTogether() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    a.fault(new Fault.HangBeforeHead());
    b.fault(new Fault.HangBeforeHead());
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("firstTokenTimeout: 300ms")
            .server("a", a.uri())
            .server("b", b.uri())
            .text());
    RawHttp.Answer answer = ask(Chat.whole("hello"), "x-caravan-timeout-ms: 450");
    assertThat(answer.status()).isEqualTo(504);
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("2");
    assertThat(List.of(attempts("a", "first_byte_timeout"), attempts("b", "client_limit")))
        .isEqualTo(List.of(1.0, 1.0));
  }

  @Test
  void total_passedMidStream_endsItWithAnErrorEvent() throws Exception {
    SimulatedServer server = single();
    server.fault(new Fault.HangMidStream(3));
    for (int i = 0; i < 3; i++) {
      RawHttp.Answer answer = ask(Chat.stream("hello", 9), "x-caravan-timeout-ms: 700");
      assertThat(answer.status()).isEqualTo(200);
      List<String> events = Chat.events(answer.text());
      assertThat(Chat.json(events.get(events.size() - 1)).at("/error/code").asText())
          .isEqualTo("stream_timeout");
    }
    assertThat(attempts("only", "client_limit")).isEqualTo(3);
    server.heal();
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
  }

  @Test
  void firstToken_passed_goesToAnotherServer_andSpeaksAgainstNobody() throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    sick.fault(new Fault.HangBeforeFirstToken());
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .breaker(EAGER)
            .server("sick", sick.uri(), FIRST)
            .server("well", well.uri())
            .text());
    for (int i = 0; i < 3; i++) {
      RawHttp.Answer answer = ask(Chat.stream("n" + i, 5), "x-caravan-ttft-timeout-ms: 300");
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.head().header("x-caravan-backend")).isEqualTo("well");
      assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("2");
    }
    assertThat(attempts("sick", "client_limit")).isEqualTo(3);
    await().atMost(LONG).until(() -> sick.aborted() == 3);
  }

  @Test
  void firstToken_passedEverywhere_is504() throws Exception {
    SimulatedServer server = single();
    server.fault(new Fault.HangBeforeHead());
    RawHttp.Answer answer = ask(Chat.whole("hello"), "x-caravan-ttft-timeout-ms: 100");
    assertThat(answer.status()).isEqualTo(504);
    assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("timeout");
  }

  @Test
  void clientThatLeaves_takesItsTimeWithIt() throws Exception {
    SimulatedServer server = single();
    server.fault(new Fault.HangBeforeHead());
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("hello"), "x-caravan-timeout-ms: 20000");
    await().atMost(LONG).until(() -> server.running() == 1);
    client.close();
    await().atMost(LONG).until(() -> server.aborted() == 1);
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 1);
    assertThat(gateway().accessLog().get(0)).contains("\"client_gone\"");
  }
}
