package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.tenant.Digest;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client shows goes to the servers whose route says so, and to no other, on any road. */
class ForwardedCredentialsTest extends EndToEnd {
  private static final String KEY = "canary-of-the-client";
  private static final String[] SHOWN = {
    "Authorization: Bearer " + KEY, "X-Api-Key: " + KEY, "api-key: " + KEY
  };
  private static final String FORWARD = "forwardCredentials: \"true\"";
  private static final String EVENT =
      "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"TEXT \"}}]}\n\n";

  @TempDir Path directory;

  /** How a request comes to a second server. */
  enum Way {
    RETRY("attempts: 2"),
    HEDGE("hedge: 50ms, hedgeBudget: 100"),
    RESUMPTION("resume: \"on\"");

    private final String parameters;

    Way(String parameters) {
      this.parameters = parameters;
    }
  }

  private static ScriptedServer.Script fails(Way way) {
    return (peer, connection) -> {
      if (peer.request() == null) {
        return;
      }
      switch (way) {
        case RETRY -> peer.send(ScriptedServer.whole(503, "{}"));
        case HEDGE -> peer.awaitLeft();
        case RESUMPTION -> {
          peer.send(StreamTest.STREAM_HEAD);
          peer.chunk(EVENT.replace("TEXT", "one"));
        }
      }
    };
  }

  private static ScriptedServer.Script answers() {
    return (peer, connection) -> {
      while (peer.request() != null) {
        peer.send(StreamTest.STREAM_HEAD);
        peer.chunk(EVENT.replace("TEXT", "two"));
        peer.chunk(
            "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},"
                + "\"finish_reason\":\"stop\"}]}\n\n");
        peer.chunk("data: [DONE]\n\n");
        peer.chunk("");
      }
    };
  }

  private static @Nullable String credentials(ScriptedServer.Request request) {
    String head = request.head().toString().toLowerCase(Locale.ROOT);
    return head.contains("canary") || head.contains("authorization") || head.contains("api-key")
        ? head
        : null;
  }

  private static void assertForwarded(ScriptedServer.Request request) {
    assertThat(request.head().all("authorization")).containsExactly("Bearer " + KEY);
    assertThat(request.head().all("x-api-key")).containsExactly(KEY);
    assertThat(request.head().all("api-key")).containsExactly(KEY);
  }

  private RawHttp.Answer streamed(String... headers) throws IOException {
    return ask(Chat.body("hello", "\"stream\":true"), headers);
  }

  private Map<String, String> keys() throws IOException {
    Path file = directory.resolve("clients.json");
    Files.writeString(
        file,
        "{\"keys\":[{\"id\":\"a\",\"tenant\":\"acme\",\"sha256\":\"%s\"}]}"
            .formatted(Digest.of(KEY).hex()));
    return Map.of("caravan.clients.file", file.toString());
  }

  private List<ScriptedServer> two(Way way, String first, String second) throws Exception {
    ScriptedServer dies = scripted(fails(way));
    ScriptedServer goesOn = scripted(answers());
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).parameters(way.parameters);
    List<String> one = new ArrayList<>();
    List<String> other = new ArrayList<>();
    if (!first.isEmpty()) {
      one.add(first);
    }
    if (!second.isEmpty()) {
      other.add(second);
    }
    pool.server("dies", dies.uri(), one.toArray(String[]::new));
    pool.server("goes-on", goesOn.uri(), other.toArray(String[]::new));
    start(pool.text(), keys());
    RawHttp.Answer answer = streamed(SHOWN);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).contains("two", "[DONE]");
    assertThat(dies.requests()).hasSize(1);
    assertThat(goesOn.requests()).hasSize(1);
    return List.of(dies, goesOn);
  }

  @ParameterizedTest
  @EnumSource
  void withoutAWord_noServerGetsThem(Way way) throws Exception {
    for (ScriptedServer each : two(way, "", "")) {
      assertThat(each.requests()).allMatch(request -> credentials(request) == null);
    }
  }

  @ParameterizedTest
  @EnumSource
  void forwarded_everyServerOfTheRoadGetsThem(Way way) throws Exception {
    for (ScriptedServer each : two(way, FORWARD, FORWARD)) {
      assertForwarded(each.requests().get(0));
    }
    assertThat(String.join("\n", gateway().accessLog())).doesNotContain("canary");
  }

  @ParameterizedTest
  @EnumSource
  void forwarded_theServerThatIsNotToHaveThem_doesNot(Way way) throws Exception {
    List<ScriptedServer> both = two(way, FORWARD, "");
    assertForwarded(both.get(0).requests().get(0));
    assertThat(both.get(1).requests()).allMatch(request -> credentials(request) == null);
  }

  @Test
  void forwarded_whereTheGatewayAsksForNone_asTheyCame() throws Exception {
    ScriptedServer server = scripted(answers());
    start(PoolYaml.single(server.uri(), FORWARD));
    assertThat(streamed("authorization: Basic " + KEY, "cookie: s=" + KEY).status()).isEqualTo(200);
    assertThat(streamed("authorization: Bearer one", "authorization: Bearer two").status())
        .isEqualTo(200);
    assertThat(streamed().status()).isEqualTo(200);
    List<ScriptedServer.Request> got = server.requests();
    assertThat(got.get(0).head().header("authorization")).isEqualTo("Basic " + KEY);
    assertThat(got.get(0).head().header("cookie")).isNull();
    assertThat(got.get(1).head().all("authorization")).containsExactly("Bearer one");
    assertThat(credentials(got.get(2))).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Negotiate", "NTLM", "negotiate"})
  void credentialsOfAConnection_stay_forOthersUseItToo(String scheme) throws Exception {
    ScriptedServer server = scripted(answers());
    start(PoolYaml.single(server.uri(), FORWARD));
    assertThat(streamed("authorization: " + scheme + " " + KEY).status()).isEqualTo(200);
    assertThat(credentials(server.requests().get(0))).isNull();
  }

  @Test
  void job_hasNoClient_andNoneAreForwarded() throws Exception {
    ScriptedServer server =
        closing(ScriptedServer.answering(ScriptedServer.whole(200, "{\"choices\":[]}")));
    Jobs jobs = new Jobs();
    start(PoolYaml.single(server.uri(), FORWARD) + Jobs.routes(), Map.of(), jobs.beans());
    gateway()
        .send(
            "direct:in",
            Jobs.line("one", Chat.whole("hello")),
            Map.of("authorization", "Bearer " + KEY, "x-api-key", KEY, "api-key", KEY))
        .join();
    assertThat(jobs.answers.await(1).get(0).status()).isEqualTo(200);
    assertThat(server.requests()).hasSize(1);
    assertThat(credentials(server.requests().get(0))).isNull();
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 402, 403, 429})
  void refusal_ofTheClientsOwn_isTheClients_andTheServerStays(int status) throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              for (ScriptedServer.Request asked; (asked = peer.request()) != null; ) {
                boolean good = ("Bearer " + KEY).equals(asked.head().header("authorization"));
                peer.send(ScriptedServer.whole(good ? 200 : status, "{\"said\":\"server\"}"));
              }
            });
    ScriptedServer second = closing(ScriptedServer.answering(ScriptedServer.whole(200, "{}")));
    start(
        PoolYaml.of(PoolYaml.MODEL)
                .parameters("attempts: 2")
                .server("only", server.uri(), FORWARD)
                .text()
            + PoolYaml.of("other").server("second", second.uri()).text());
    for (int i = 0; i < 6; i++) {
      RawHttp.Answer refused = ask(Chat.whole("x"), "authorization: Bearer another");
      assertThat(refused.status()).isEqualTo(status);
      assertThat(refused.text()).contains("said");
      assertThat(ask(Chat.whole("x"), SHOWN).status()).isEqualTo(200);
    }
    assertThat(server.requests()).hasSize(12);
    await().atMost(LONG).until(() -> gateway().inflight() == 0);
  }
}
