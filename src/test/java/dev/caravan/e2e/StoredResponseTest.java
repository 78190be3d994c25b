package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Availability;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers that store their responses: what goes on with one goes to the server that has it. */
class StoredResponseTest extends EndToEnd {
  private static final String PATH = "/v1/responses";

  private final Map<String, ScriptedServer> servers = new HashMap<>();
  private final AtomicInteger ids = new AtomicInteger();

  private void startPool(String affinity) throws Exception {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).parameters("affinity: " + affinity);
    for (String name : List.of("a", "b", "c")) {
      ScriptedServer server =
          scripted(
              (peer, connection) -> {
                ScriptedServer.Request request;
                while ((request = peer.request()) != null) {
                  answer(peer, request.text().contains("\"stream\":true"));
                }
              });
      servers.put(name, server);
      pool.server(name, server.uri());
    }
    start(pool.text());
  }

  private void answer(ScriptedServer.Peer peer, boolean stream) throws Exception {
    String response = "{\"id\":\"resp_" + ids.incrementAndGet() + "\",\"object\":\"response\"}";
    if (!stream) {
      peer.send(ScriptedServer.whole(200, response));
      return;
    }
    peer.send(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
    // The id is cut in two, and what lies between is framing.
    String event = "event: response.created\ndata: {\"response\":" + response + "}\n\n";
    int half = event.indexOf("resp_") + 3;
    peer.chunk(event.substring(0, half));
    peer.chunk(event.substring(half));
    peer.chunk("event: response.completed\ndata: {}\n\n");
    peer.chunk("");
  }

  private RawHttp.Answer respond(String fields, String... headers) throws Exception {
    String body = "{\"model\":\"" + PoolYaml.MODEL + "\",\"input\":\"hello\"" + fields + "}";
    return RawHttp.ask(gateway().port(), PATH, body, headers);
  }

  private static String backend(RawHttp.Answer answer) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return Objects.requireNonNull(answer.head().header("x-caravan-backend"));
  }

  private static String previous(String response) {
    return ",\"previous_response_id\":\"" + response + "\"";
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",\"stream\":true"})
  void goingOn_isDoneWhereTheResponseIs_turnAfterTurn(String stream) throws Exception {
    startPool("soft");
    for (int talk = 0; talk < 10; talk++) {
      String home = backend(respond(stream + ",\"user\":\"u" + talk + "\""));
      for (int turn = 0; turn < 3; turn++) {
        // A header that names another conversation does not make another server have the response.
        RawHttp.Answer answer =
            respond(stream + previous("resp_" + ids.get()), "x-session-id: other-" + turn);
        assertThat(backend(answer)).isEqualTo(home);
        assertThat(answer.head().header("x-caravan-affinity")).isEqualTo("owner");
      }
    }
    assertThat(servers.values()).filteredOn(s -> !s.requests().isEmpty()).hasSizeGreaterThan(1);
  }

  @Test
  void serverThatHasTheResponse_out_isAnErrorThatSaysSo() throws Exception {
    startPool("soft");
    String home = backend(respond(",\"user\":\"u\""));
    gateway().backend(home).availability(Availability.down("test"));
    RawHttp.Answer answer = respond(previous("resp_1"));
    assertThat(answer.status()).isEqualTo(503);
    assertThat(Chat.json(answer.body()).at("/error/code").asText())
        .isEqualTo("previous_response_unavailable");
    assertThat(Chat.json(answer.body()).at("/error/param").asText())
        .isEqualTo("previous_response_id");
    assertThat(Chat.json(answer.body()).at("/error/message").asText())
        .isEqualTo(
            "The server that stores the response before, " + home + ", is gone or out for now.");
    assertThat(answer.head().header("x-should-retry")).isEqualTo("true");
    // What begins anew goes elsewhere.
    assertThat(backend(respond(",\"user\":\"u\""))).isNotEqualTo(home);
  }

  @Test
  void responseOfWhichNothingIsKnown_isTheServersToJudge() throws Exception {
    startPool("soft");
    assertThat(respond(previous("resp_unknown")).status()).isEqualTo(200);
  }

  @Test
  void off_goingOn_isDoneWhereTheResponseIs_allTheSame() throws Exception {
    startPool("off");
    for (int talk = 0; talk < 10; talk++) {
      String home = backend(respond(""));
      RawHttp.Answer answer = respond(previous("resp_" + ids.get()));
      assertThat(backend(answer)).isEqualTo(home);
      assertThat(answer.head().header("x-caravan-affinity")).isEqualTo("owner");
    }
  }
}
