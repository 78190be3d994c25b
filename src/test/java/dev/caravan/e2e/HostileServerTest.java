package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Servers that speak HTTP badly, or unlike most. */
class HostileServerTest extends EndToEnd {
  private static final String JSON = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

  static Stream<Arguments> badHeads() {
    return Stream.of(
        Arguments.of("garbage", "SSH-2.0-OpenSSH_9.6\r\n\r\n"),
        Arguments.of(
            "both framings",
            JSON + "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        Arguments.of("two lengths", JSON + "content-length: 2\r\ncontent-length: 3\r\n\r\n{}x"),
        Arguments.of("negative length", JSON + "content-length: -2\r\n\r\n{}"),
        Arguments.of("unknown coding", JSON + "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        Arguments.of("bare line feed", "HTTP/1.1 200 OK\ncontent-length: 2\n\n{}\r\n\r\n"),
        Arguments.of("NUL", JSON + "x: a\u0000b\r\ncontent-length: 2\r\n\r\n{}"),
        Arguments.of("folded", JSON + "x: a\r\n b\r\ncontent-length: 2\r\n\r\n{}"),
        Arguments.of("no name", JSON + ": a\r\ncontent-length: 2\r\n\r\n{}"),
        Arguments.of("upgrade", "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        Arguments.of("status 999", "HTTP/1.1 999 No\r\ncontent-length: 2\r\n\r\n{}"),
        Arguments.of("HTTP/2", "HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\n{}"),
        Arguments.of("huge head", JSON + "x: " + "y".repeat(80_000) + "\r\n\r\n"),
        Arguments.of("endless head", JSON + "x: y\r\n".repeat(20_000)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badHeads")
  void badHead_is502_saidInTheLog_andTheConnectionIsNotUsedAgain(String what, String head)
      throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(head);
              peer.awaitLeft();
            });
    start(PoolYaml.single(server.uri(), "firstTokenTimeout: 10s"));
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      RawHttp.Answer answer = ask(Chat.whole("hello"));
      assertThat(answer.status()).as(what).isEqualTo(502);
      assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("bad_gateway");
      assertThat(log.lines()).anyMatch(line -> line.contains("all attempts failed"));
    }
    await().atMost(LONG).until(() -> server.left() == 1);
    await().atMost(LONG).until(() -> server.openConnections() == 0);
  }

  @Test
  void informationalAnswers_areSkipped() throws Exception {
    ScriptedServer server =
        closing(
            ScriptedServer.answering(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
                    + ScriptedServer.whole(200, "{\"a\":1}")));
    start(PoolYaml.single(server.uri()));
    RawHttp.Answer answer = ask(Chat.whole("hello"));
    assertThat(answer.text()).isEqualTo("{\"a\":1}");
    assertThat(answer.head().header("link")).isNull();
  }

  @Test
  void slowHead_byteForByte_isRead() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              while (peer.request() != null) {
                for (byte one :
                    ScriptedServer.whole(200, "{\"a\":1}").getBytes(StandardCharsets.UTF_8)) {
                  peer.send(new byte[] {one});
                }
              }
            });
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    for (int i = 0; i < 3; i++) {
      client.post(Chat.PATH, Chat.whole("hello"));
      assertThat(client.answer().text()).isEqualTo("{\"a\":1}");
    }
    assertThat(server.connections()).isEqualTo(1);
  }

  @Test
  void bytesBehindTheAnswer_reachNobody_andEndTheConnection() throws Exception {
    ScriptedServer server =
        closing(
            ScriptedServer.answering(
                ScriptedServer.whole(200, "{\"a\":1}")
                    + ScriptedServer.whole(200, "{\"evil\":1}")));
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    for (int i = 0; i < 3; i++) {
      client.post(Chat.PATH, Chat.whole("hello"));
      assertThat(client.answer().text()).isEqualTo("{\"a\":1}");
    }
    assertThat(server.connections()).isEqualTo(3);
  }

  @Test
  void answerUntilClose_isReframed() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send("HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{\"a\":");
              peer.send("1}");
            });
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    for (int i = 0; i < 2; i++) {
      client.post(Chat.PATH, Chat.whole("hello"));
      RawHttp.Answer answer = client.answer();
      assertThat(answer.head().is("transfer-encoding", "chunked")).isTrue();
      assertThat(answer.text()).isEqualTo("{\"a\":1}");
    }
    assertThat(server.connections()).isEqualTo(2);
  }

  @Test
  void answerWithoutBody_isPassedOn() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              while (peer.request() != null) {
                peer.send("HTTP/1.1 204 No Content\r\nx-own: yes\r\n\r\n");
                if (peer.request() != null) {
                  peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
                }
              }
            });
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("hello"));
    assertThat(client.head().status()).isEqualTo(204);
    client.post(Chat.PATH, Chat.whole("hello"));
    RawHttp.Answer empty = client.answer();
    assertThat(empty.status()).isEqualTo(200);
    assertThat(empty.body()).isEmpty();
    assertThat(server.connections()).isEqualTo(1);
  }

  @Test
  void serverThatCloses_getsANewConnectionEachTime() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(ScriptedServer.whole(200, "{}", "connection: close"));
            });
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    for (int i = 0; i < 5; i++) {
      client.post(Chat.PATH, Chat.whole("hello"));
      RawHttp.Answer answer = client.answer();
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.head().header("connection")).isNull();
      assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("1");
    }
    assertThat(server.connections()).isEqualTo(5);
  }
}
