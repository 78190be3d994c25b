package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.ServerState;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Conversations stay where they are at home. */
class AffinityTest extends EndToEnd {
  private static final String SESSION = "x-session-id: session-1";
  private static final Map<String, String> ONE_LOOP = Map.of("caravan.event-loops", "1");

  private final Map<String, SimulatedServer> servers = new HashMap<>();

  private void startPool(String affinity, Map<String, String> properties) throws Exception {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).parameters("affinity: " + affinity);
    for (String name : List.of("a", "b", "c")) {
      SimulatedServer server = simulated(name);
      servers.put(name, server);
      pool.server(name, server.uri());
    }
    start(pool.text(), properties);
  }

  private static String backend(RawHttp.Answer answer) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return Objects.requireNonNull(answer.head().header("x-caravan-backend"));
  }

  /** Asks, and says what affinity came to. */
  private RawHttp.Answer expect(String affinity, String... headers) throws Exception {
    RawHttp.Answer answer = ask(Chat.whole("hello"), headers);
    assertThat(answer.head().header("x-caravan-affinity")).isEqualTo(affinity);
    return answer;
  }

  private double counted(String result) {
    return gateway()
        .meters()
        .get("caravan.affinity")
        .tag("pool", PoolYaml.MODEL)
        .tag("result", result)
        .counter()
        .count();
  }

  private void set(String server, Availability availability) {
    gateway().backend(server).availability(availability);
  }

  @Test
  void soft_requestsOfOneConversation_goToOneServer_andManyConversationsToAll() throws Exception {
    startPool("soft", Map.of());
    Set<String> homes = new HashSet<>();
    for (int i = 0; i < 30; i++) {
      String session = "x-session-id: s" + i;
      String home = backend(expect("owner", session));
      assertThat(backend(expect("owner", session))).isEqualTo(home);
      homes.add(home);
    }
    assertThat(homes).containsExactlyInAnyOrder("a", "b", "c");
    assertThat(counted("owner")).isEqualTo(60);
  }

  @Test
  void off_headerSaysNothing() throws Exception {
    startPool("off", Map.of());
    RawHttp.Answer answer = ask(Chat.whole("hello"), SESSION);
    assertThat(answer.head().header("x-caravan-affinity")).isNull();
    assertThat(counted("owner")).isZero();
  }

  @Test
  void soft_chatThatGrows_withoutAnyKey_staysByItsFirstMessages() throws Exception {
    startPool("soft", Map.of());
    String first = "{\"role\":\"user\",\"content\":\"tell me of camels\"}";
    String head = "{\"model\":\"" + PoolYaml.MODEL + "\",\"max_tokens\":3,\"messages\":[" + first;
    String home = backend(ask(head + "]}"));
    String turn =
        ",{\"role\":\"assistant\",\"content\":\"x\"},{\"role\":\"user\",\"content\":\"y\"}";
    for (int turns = 1; turns < 8; turns++) {
      assertThat(backend(ask(head + turn.repeat(turns) + "]}"))).isEqualTo(home);
    }
  }

  @Test
  void soft_homeAtItsBound_goesToTheNext_andBackWhenItHasRoom() throws Exception {
    startPool("soft", ONE_LOOP);
    String home = backend(expect("owner", SESSION));
    SimulatedServer server = Objects.requireNonNull(servers.get(home));
    server.fault(new Fault.HangBeforeHead());
    List<RawHttp> held = new java.util.ArrayList<>();
    for (int i = 0; i < 8; i++) {
      RawHttp client = client();
      held.add(client);
      client.post(Chat.PATH, Chat.whole("hello"), SESSION);
    }
    await().atMost(LONG).until(() -> gateway().backend(home).inflight() == 8);
    String next = backend(expect("spilled", SESSION));
    assertThat(next).isNotEqualTo(home);
    assertThat(backend(expect("spilled", SESSION))).isEqualTo(next);
    server.heal();
    for (RawHttp client : held) {
      client.close();
    }
    await().atMost(LONG).until(() -> gateway().backend(home).inflight() == 0);
    assertThat(backend(expect("owner", SESSION))).isEqualTo(home);
    assertThat(counted("spilled")).isEqualTo(2);
  }

  @Test
  void soft_homeDown_moves_andBackWhenItReturns() throws Exception {
    startPool("soft", Map.of());
    String home = backend(expect("owner", SESSION));
    set(home, Availability.down("test"));
    String next = backend(expect("moved", SESSION));
    assertThat(next).isNotEqualTo(home);
    assertThat(backend(expect("moved", SESSION))).isEqualTo(next);
    set(home, Availability.UP);
    assertThat(backend(expect("owner", SESSION))).isEqualTo(home);
    assertThat(counted("moved")).isEqualTo(2);
  }

  @Test
  void soft_homeFailsTheRequest_itIsTriedAtTheNext() throws Exception {
    startPool("soft", Map.of());
    String home = backend(expect("owner", SESSION));
    Objects.requireNonNull(servers.get(home)).fault(new Fault.Status(503));
    RawHttp.Answer moved = expect("moved", SESSION);
    assertThat(backend(moved)).isNotEqualTo(home);
    assertThat(moved.head().header("x-caravan-attempts")).isEqualTo("2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"soft", "strict"})
  void drain_movesConversationsOff(String affinity) throws Exception {
    startPool(affinity, Map.of());
    String home = backend(expect("owner", SESSION));
    set(home, new Availability(ServerState.DRAINING, Use.NONE, "drain", Availability.UNTIL_NEWS));
    // In a strict pool the next is the home now: nobody else may have its requests.
    String said = affinity.equals("soft") ? "moved" : "owner";
    String next = backend(expect(said, SESSION));
    assertThat(next).isNotEqualTo(home);
    assertThat(backend(expect(said, SESSION))).isEqualTo(next);
  }

  @Test
  void strict_homeOut_is503_thatNamesIt_andNobodyElseIsAsked() throws Exception {
    startPool("strict", Map.of());
    String home = backend(expect("owner", SESSION));
    servers.values().forEach(SimulatedServer::forgetRequests);
    set(home, Availability.down("test"));
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      RawHttp.Answer answer = ask(Chat.whole("hello"), SESSION);
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.head().header("retry-after")).isEqualTo("1");
      assertThat(Chat.json(answer.body()).at("/error/code").asText())
          .isEqualTo("conversation_home_unavailable");
      assertThat(Chat.json(answer.body()).at("/error/message").asText())
          .isEqualTo(
              "The server of this conversation, "
                  + home
                  + ", cannot take the request now, and no other may.");
      assertThat(log.lines()).singleElement().asString().contains(home, "at home there", "test");
    }
    assertThat(servers.values()).allMatch(server -> server.requests(Chat.PATH).isEmpty());
    assertThat(counted("refused")).isEqualTo(1);
    // One that belongs to no conversation is not bound to anybody.
    String embed = "{\"model\":\"" + PoolYaml.MODEL + "\",\"input\":\"x\"}";
    assertThat(RawHttp.ask(gateway().port(), "/v1/embeddings", embed).status()).isEqualTo(200);
  }

  @Test
  void strict_homeFailsTheRequest_theClientGetsThatFailure_atOnce() throws Exception {
    startPool("strict", Map.of());
    String home = backend(expect("owner", SESSION));
    Objects.requireNonNull(servers.get(home)).fault(new Fault.Status(503));
    RawHttp.Answer answer = ask(Chat.whole("hello"), SESSION);
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("1");
  }

  @Test
  void start_wrongKey_fails_andNamesIt() {
    assertThatThrownBy(
            () -> startPool("soft", Map.of("caravan.conversation.keys", "header:a,session")))
        .hasMessageContaining("caravan.conversation.keys: \"session\" is none of header:NAME");
  }

  @Test
  void start_cookieWithoutAKey_fails_andSaysSo() {
    assertThatThrownBy(
            () -> startPool("soft", Map.of("caravan.conversation.cookie.enabled", "true")))
        .hasMessageContaining("caravan.conversation.cookie.keys: the cookie needs one key");
  }

  // ---- the cookie

  private static final Map<String, String> COOKIE =
      Map.of(
          "caravan.conversation.cookie.enabled", "true",
          "caravan.conversation.cookie.keys", "0123456789abcdef0123456789abcdef");

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void cookie_keepsABrowserAtItsServer_andStaysAtTheGateway(boolean stream) throws Exception {
    startPool("soft", COOKIE);
    String body = stream ? Chat.stream("hello", 3) : Chat.whole("hello");
    RawHttp.Answer first = ask(body);
    String home = backend(first);
    String line = Objects.requireNonNull(first.head().header("set-cookie"));
    assertThat(line).startsWith("caravan=").endsWith("; Path=/; HttpOnly; SameSite=Lax");
    String cookie = "cookie: theme=dark; " + line.substring(0, line.indexOf(';'));
    for (int i = 0; i < 5; i++) {
      RawHttp.Answer next = ask(Chat.whole("another " + i), cookie);
      assertThat(backend(next)).isEqualTo(home);
      assertThat(next.head().header("set-cookie")).isNull();
    }
    assertThat(servers.values())
        .allSatisfy(
            server ->
                assertThat(server.requests())
                    .noneMatch(
                        request ->
                            request
                                .toString()
                                .toLowerCase(java.util.Locale.ROOT)
                                .contains("cookie")));
    assertThat(
            gateway()
                .meters()
                .get("caravan.cookies")
                .tag("result", "made")
                .functionCounter()
                .count())
        .isEqualTo(1);
  }

  @Test
  void cookie_neverGoesToAServer() throws Exception {
    ScriptedServer server = closing(ScriptedServer.answering(ScriptedServer.whole(200, "{}")));
    start(PoolYaml.single(server.uri()), COOKIE);
    assertThat(ask(Chat.whole("hello"), "cookie: caravan=forged").status()).isEqualTo(200);
    assertThat(server.requests())
        .singleElement()
        .satisfies(request -> assertThat(request.head().header("cookie")).isNull());
    assertThat(
            gateway()
                .meters()
                .get("caravan.cookies")
                .tag("result", "refused")
                .functionCounter()
                .count())
        .isEqualTo(1);
  }

  // ---- the address

  @Test
  void address_isTheClientsBehindATrustedProxy() throws Exception {
    startPool(
        "soft",
        Map.of(
            "caravan.conversation.keys", "address",
            "caravan.conversation.trusted-proxies", "127.0.0.0/8"));
    Set<String> homes = new HashSet<>();
    for (int i = 1; i <= 30; i++) {
      String from = "x-forwarded-for: 6.6.6." + i + ", 198.51.100." + i;
      String home = backend(expect("owner", from));
      assertThat(backend(expect("owner", "x-forwarded-for: 198.51.100." + i))).isEqualTo(home);
      homes.add(home);
    }
    assertThat(homes).hasSizeGreaterThan(1);
  }

  @Test
  void address_ofAClientThatIsNoProxy_isItsOwn() throws Exception {
    startPool("soft", Map.of("caravan.conversation.keys", "address"));
    String home = backend(expect("owner"));
    for (int i = 1; i <= 10; i++) {
      assertThat(backend(expect("owner", "x-forwarded-for: 198.51.100." + i))).isEqualTo(home);
    }
  }
}
