package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.TestGateway;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import java.net.URI;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Routes that users write, right ones and wrong ones. */
class RouteTest extends EndToEnd {

  /** A route of a pool whose steps are given, indented by eight. */
  private static String route(String pool, String steps) {
    return "- route:\n    id: \""
        + pool
        + "\"\n    from:\n      uri: \"pool:"
        + pool
        + "\"\n      steps:\n"
        + steps;
  }

  private static String toModel(String name, URI uri) {
    return "        - to: { uri: \"model:" + name + "\", parameters: { url: \"" + uri + "\" } }\n";
  }

  @Test
  void pool_withOneServerAndNoBalancer_answers() throws Exception {
    SimulatedServer server = simulated("only");
    start(route(PoolYaml.MODEL, toModel("only", server.uri())));
    RawHttp.Answer answer = ask(Chat.stream("hello", 5));
    assertThat(answer.text()).endsWith("data: [DONE]\n\n");
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("only");
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("1");
  }

  @Test
  void pool_thatLeadsToAnotherPool_answersFromThere() throws Exception {
    SimulatedServer server = simulated("only");
    start(
        route("front", "        - to: \"pool:" + PoolYaml.MODEL + "\"\n")
            + route(PoolYaml.MODEL, toModel("only", server.uri())));
    String body = Chat.whole("hello").replace(PoolYaml.MODEL, "front");
    assertThat(ask(body).status()).isEqualTo(200);
    assertThat(server.requests(Chat.PATH).get(0).text()).isEqualTo(Chat.whole("hello"));
  }

  @Test
  void fallback_answersInsteadOfAServerThatFails() throws Exception {
    SimulatedServer server = simulated("only");
    server.fault(new Fault.Reset());
    start(
        route(
            PoolYaml.MODEL,
            """
                    - circuitBreaker:
                        steps:
                          - to: { uri: "model:only", parameters: { url: "%s" } }
                        onFallback:
                          steps:
                            - setBody: { constant: '{"fallback":true}' }
            """
                .formatted(server.uri())));
    RawHttp.Answer answer = ask(Chat.whole("hello"));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).isEqualTo("{\"fallback\":true}");
  }

  @Test
  void route_thatEndsWithoutAnAnswer_is500_andTheLogSaysWhy() throws Exception {
    SimulatedServer server = simulated("only");
    start(
        route("mute", "        - setProperty: { name: x, constant: y }\n")
            + route(PoolYaml.MODEL, toModel("only", server.uri())));
    try (CapturedLog log = CapturedLog.of("dev.caravan.ingress")) {
      RawHttp.Answer answer = ask(Chat.whole("canary").replace(PoolYaml.MODEL, "mute"));
      assertThat(answer.status()).isEqualTo(500);
      assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("gateway_error");
      assertThat(log.lines())
          .anyMatch(line -> line.contains("left no answer") && line.contains("must end in"));
      assertThat(log.lines().toString()).doesNotContain("canary");
    }
  }

  @Test
  void route_whoseStepThrows_is500_withoutItsReason() throws Exception {
    SimulatedServer server = simulated("only");
    start(
        route(
                "broken",
                "        - throwException: { exceptionType: java.lang.IllegalStateException,"
                    + " message: canary }\n")
            + route(PoolYaml.MODEL, toModel("only", server.uri())));
    try (CapturedLog log = CapturedLog.of("dev.caravan")) {
      RawHttp.Answer answer = ask(Chat.whole("hello").replace(PoolYaml.MODEL, "broken"));
      assertThat(answer.status()).isEqualTo(500);
      assertThat(answer.head().text() + answer.text()).doesNotContain("canary", "Exception");
      assertThat(log.lines()).anyMatch(line -> line.contains("failed in the routes"));
    }
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
  }

  static Stream<Arguments> wrongRoutes() {
    String a = "{ uri: \"model:a\", parameters: { url: \"http://127.0.0.1:9\" } }";
    String b = "{ uri: \"model:b\", parameters: { url: \"http://127.0.0.1:9\" } }";
    String balance =
        "        - loadBalance:\n            customLoadBalancer: { ref: round-robin }\n";
    return Stream.of(
        Arguments.of("a balancer without steps", route("m", balance), "loadBalance"),
        Arguments.of(
            "a step with two models",
            route(
                "m",
                balance
                    + "            steps:\n              - pipeline:\n                  steps:\n"
                    + "                    - to: "
                    + a
                    + "\n                    - to: "
                    + b
                    + "\n"),
            "one model"),
        Arguments.of(
            "a step without a model",
            route("m", balance + "            steps:\n              - log: \"hello\"\n"),
            "model:"),
        Arguments.of(
            "an unknown balancer",
            route(
                "m",
                balance.replace("round-robin", "fastest")
                    + "            steps:\n              - to: "
                    + a
                    + "\n"),
            "fastest"),
        Arguments.of("a pool for all", route("*", "        - to: " + a + "\n"), "pool:"),
        Arguments.of(
            "one pool twice",
            route("m", "        - to: " + a + "\n")
                + route("m", "        - to: " + b + "\n").replace("id: \"m", "id: \"m2"),
            "pool:m"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrongRoutes")
  void wrongRoute_isRefusedAtTheStart(String what, String routes, String reason) {
    assertThatThrownBy(() -> TestGateway.start(routes, Map.of()))
        .satisfies(failure -> assertThat(chain(failure)).contains(reason));
  }

  private static String chain(Throwable failure) {
    StringBuilder all = new StringBuilder();
    for (Throwable at = failure; at != null; at = at.getCause()) {
      all.append(at.getMessage()).append('\n');
    }
    return all.toString();
  }
}
