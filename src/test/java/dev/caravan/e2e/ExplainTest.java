package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.fleet.Availability;
import dev.caravan.request.Api;
import dev.caravan.request.Conversation.Source;
import dev.caravan.request.InvalidRequest;
import dev.caravan.select.DryRun.Foretold;
import dev.caravan.select.Explanation;
import dev.caravan.select.Explanations.Kept;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHttp;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Clients with the right, and operators, learn why a request goes where it goes. */
class ExplainTest extends EndToEnd {
  private static final String WHY = "x-caravan-explain";
  private static final String ASKED = WHY + ": true";
  private static final String ID = "x-request-id: r-1";
  private static final Map<String, String> ALLOWED = Map.of("caravan.explain.header", "true");

  private final Map<String, SimulatedServer> servers = new HashMap<>();

  private PoolYaml pool(String... parameters) {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).parameters(parameters);
    for (String name : List.of("a", "b", "c")) {
      SimulatedServer server = simulated(name);
      servers.put(name, server);
      pool.server(name, server.uri());
    }
    return pool;
  }

  private static String why(RawHttp.Answer answer) {
    return Objects.requireNonNull(answer.head().header(WHY), answer::text);
  }

  private Kept kept(String id) {
    return Objects.requireNonNull(gateway().explanations().find(id));
  }

  private Foretold foretold(String body, String... headers) throws InvalidRequest {
    List<Map.Entry<String, String>> all = new java.util.ArrayList<>();
    for (String header : headers) {
      String[] parts = header.split(": ", 2);
      all.add(Map.entry(parts[0], parts[1]));
    }
    return Objects.requireNonNull(
        gateway()
            .dryRun()
            .request(
                Api.CHAT_COMPLETIONS, all, body.getBytes(StandardCharsets.UTF_8), "127.0.0.1"));
  }

  // ---- the header

  @Test
  void header_withoutTheRight_isNotAnswered() throws Exception {
    start(pool().text());
    RawHttp.Answer answer = ask(Chat.whole("hello"), ASKED, ID);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.head().header(WHY)).isNull();
    assertThat(gateway().explanations().find("r-1")).isNull();
  }

  @Test
  void header_notAsked_saysNothing() throws Exception {
    start(pool().text(), ALLOWED);
    assertThat(ask(Chat.whole("hello"), ID).head().header(WHY)).isNull();
    assertThat(ask(Chat.whole("hello"), ID, WHY + ": 1").head().header(WHY)).isNull();
    assertThat(gateway().explanations().find("r-1")).isNull();
  }

  @Test
  void header_asked_isAnsweredInALine_andKeptWhole() throws Exception {
    start(pool().text(), ALLOWED);
    RawHttp.Answer answer = ask(Chat.whole("hello"), ASKED, ID);
    assertThat(why(answer))
        .isEqualTo(
            "a by round-robin (3 of 3 eligible): its turn: of the eligible servers it has waited"
                + " longest");
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("a");
    Kept kept = kept("r-1");
    assertThat(kept.pool()).isEqualTo(PoolYaml.MODEL);
    assertThat(kept.choices()).extracting(Explanation::winner).containsExactly("a");
    assertThat(kept.choices().get(0).servers()).hasSize(3);
    assertThat(why(ask(Chat.stream("hello", 2), ASKED, ID))).startsWith("b by round-robin");
    assertThat(kept("r-1").choices()).as("the later one").hasSize(1);
  }

  @Test
  void header_retried_everyAttemptIsExplained() throws Exception {
    start(pool().text(), ALLOWED);
    Objects.requireNonNull(servers.get("a")).fault(new Fault.Status(503, null));
    RawHttp.Answer answer = ask(Chat.whole("hello"), ASKED, ID);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(why(answer))
        .startsWith("a by round-robin (3 of 3 eligible)")
        .contains(" | b by round-robin (")
        .contains("passed over: a (");
    assertThat(kept("r-1").choices()).extracting(Explanation::winner).containsExactly("a", "b");
  }

  @Test
  void header_nobodyEligible_isOnTheErrorToo() throws Exception {
    start(pool().text(), ALLOWED);
    for (String name : servers.keySet()) {
      gateway().backend(name).availability(Availability.down("switched off"));
    }
    RawHttp.Answer answer = ask(Chat.whole("hello"), ASKED, ID);
    assertThat(answer.status()).isEqualTo(503);
    assertThat(why(answer))
        .startsWith(
            "nobody by round-robin (0 of 3 eligible): no server is eligible: a (available:");
    assertThat(kept("r-1").choices()).hasSize(1);
  }

  @Test
  void header_hedgedPool_isExplainedAsWell() throws Exception {
    start(pool("hedge: 10s").text(), ALLOWED);
    assertThat(why(ask(Chat.stream("hello", 2), ASKED, ID))).startsWith("a by round-robin");
  }

  // ---- dry runs

  @Test
  void dryRun_sendsHoldsAndCountsNothing_andIsWhatHappensNext() throws Exception {
    start(pool("affinity: soft").text());
    for (int i = 0; i < 5; i++) {
      Foretold told = Objects.requireNonNull(gateway().dryRun().emptyChat(PoolYaml.MODEL));
      assertThat(told.pool()).isEqualTo(PoolYaml.MODEL);
      assertThat(told.notes()).isEmpty();
      assertThat(told.choices()).extracting(Explanation::winner).containsExactly("a");
    }
    Foretold talk = foretold(Chat.whole("hello"), "x-session-id: s-1");
    Explanation choice = talk.choices().get(0);
    assertThat(choice.why()).isEqualTo("home of the conversation");
    assertThat(choice.asked().conversation()).isEqualTo(Source.HEADER);
    assertThat(gateway().inflight()).isZero();
    assertThat(gateway().meters().get("caravan.affinity").tag("result", "owner").counter().count())
        .isZero();
    RawHttp.Answer answer = ask(Chat.whole("hello"), "x-session-id: s-1");
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo(choice.winner());
    assertThat(gateway().accessLog()).as("of the one that was sent").hasSizeLessThanOrEqualTo(1);
  }

  @Test
  void dryRun_cookies_areNeitherMadeNorRefused() throws Exception {
    start(
        pool("affinity: soft").text(),
        Map.of(
            "caravan.conversation.cookie.enabled", "true",
            "caravan.conversation.cookie.keys", "0123456789abcdef0123456789abcdef"));
    Explanation choice = foretold(Chat.whole("hello"), "cookie: caravan=forged").choices().get(0);
    assertThat(choice.asked().conversation()).isEqualTo(Source.COOKIE);
    assertThat(gateway().meters().get("caravan.cookies").functionCounters())
        .isNotEmpty()
        .allMatch(counter -> counter.count() == 0);
  }

  @Test
  void dryRun_whatCannotBe_isSaid() throws Exception {
    start(pool().text());
    assertThat(gateway().dryRun().emptyChat("nobody")).isNull();
    assertThatThrownBy(() -> foretold("{\"model\":"))
        .isInstanceOf(InvalidRequest.class)
        .hasMessageStartingWith("The JSON in your request ends too early");
  }

  @Test
  void dryRun_routeWithMoreSteps_saysThatTheyWereNotRun() throws Exception {
    SimulatedServer only = simulated("only");
    String text = PoolYaml.single(only.uri());
    start(
        text.replace(
            "      steps:\n        - loadBalance:",
            "      steps:\n        - setProperty: { name: caravan.tenant, constant: t }\n"
                + "        - loadBalance:"));
    Foretold told = Objects.requireNonNull(gateway().dryRun().emptyChat(PoolYaml.MODEL));
    assertThat(told.choices()).extracting(Explanation::winner).containsExactly("only");
    assertThat(told.notes()).singleElement().asString().contains("were not run");
  }

  @Test
  void dryRun_routeWithoutABalancer_saysSo() throws Exception {
    SimulatedServer only = simulated("only");
    start(
        "- route:\n    from:\n      uri: \"pool:llama\"\n      steps:\n        - to: { uri:"
            + " \"model:only\", parameters: { url: \""
            + only.uri()
            + "\" } }\n");
    Foretold told = Objects.requireNonNull(gateway().dryRun().emptyChat("llama"));
    assertThat(told.choices()).isEmpty();
    assertThat(told.notes()).first().asString().contains("no loadBalance step");
  }

  @Test
  void dryRun_routeWithTwoBalancers_explainsBoth() throws Exception {
    SimulatedServer one = simulated("one");
    SimulatedServer two = simulated("two");
    String step =
        """
        - loadBalance:
            customLoadBalancer: { ref: round-robin }
            steps:
              - to: { uri: "model:%s", parameters: { url: "%s" } }
        """;
    String head =
        """
        - route:
            from:
              uri: "pool:llama"
              steps:
                - choice:
                    when:
                      - simple: "${header.user-agent} == 'x'"
                        steps:
        """;
    start(
        head
            + String.format(step, "one", one.uri()).indent(18)
            + "            otherwise:\n              steps:\n"
            + String.format(step, "two", two.uri()).indent(16));
    Foretold told = Objects.requireNonNull(gateway().dryRun().emptyChat("llama"));
    assertThat(told.choices()).extracting(Explanation::winner).containsExactly("one", "two");
    assertThat(told.notes().get(0)).contains("has 2 loadBalance steps");
  }
}
