package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.simulator.ReceivedRequest;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Streams, token by token and byte by byte. */
class StreamTest extends EndToEnd {

  @Test
  void stream_arrivesTokenByToken_byTheServersOwnGaps() throws Exception {
    SimulatedServer server =
        simulated(SimulatedServer.builder(vertx).name("steady").speedup(1).stepFactor(6));
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 16));
    RawHead head = client.head();
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.header("content-type")).startsWith("text/event-stream");
    assertThat(head.header("x-accel-buffering")).isEqualTo("no");
    List<Long> arrivals = new ArrayList<>();
    for (RawHttp.Chunk chunk = client.chunk(); chunk.bytes().length > 0; chunk = client.chunk()) {
      for (String event : Chat.events(chunk.text())) {
        if (event.contains("\"delta\":{\"content\"")) {
          arrivals.add(chunk.atNanos());
        }
      }
    }
    ReceivedRequest received = server.requests(Chat.PATH).get(0);
    long[] emitted = received.emittedAtNanos();
    assertThat(arrivals).hasSize(emitted.length).hasSize(16);
    int before = 0;
    for (int i = 0; i + 1 < emitted.length; i++) {
      if (arrivals.get(i) < emitted[i + 1]) {
        before++;
      }
    }
    assertThat(before)
        .as("tokens that were here before the server wrote the next")
        .isGreaterThanOrEqualTo(emitted.length / 2);
    assertThat(arrivals.get(0)).isLessThan(emitted[emitted.length - 1]);
  }

  @Test
  void stream_whereEachEventWaitsForTheClient_arrivesWhole() throws Exception {
    Semaphore seen = new Semaphore(0);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(STREAM_HEAD);
              for (int i = 0; i < 50; i++) {
                peer.chunk("data: {\"n\":" + i + "}\n\n");
                if (!seen.tryAcquire(20, TimeUnit.SECONDS)) {
                  return; // the client did not get it: the stream is cut
                }
              }
              peer.chunk("data: [DONE]\n\n");
              peer.chunk("");
              peer.awaitLeft();
            });
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 50));
    assertThat(client.head().status()).isEqualTo(200);
    for (int i = 0; i < 50; i++) {
      assertThat(client.chunk().text()).isEqualTo("data: {\"n\":" + i + "}\n\n");
      seen.release();
    }
    assertThat(client.chunk().text()).isEqualTo("data: [DONE]\n\n");
    assertThat(client.chunk().bytes()).isEmpty();
  }

  @Test
  void stream_isByteIdenticalToTheServersOwn() throws Exception {
    SimulatedServer direct = simulated("twin");
    SimulatedServer behind = simulated("twin");
    start(PoolYaml.single(behind.uri()));
    String body =
        Chat.body(
            "größer als 🐪?",
            "\"stream\":true,\"max_tokens\":200,\"stream_options\":{\"include_usage\":true}");
    RawHttp.Answer own = RawHttp.ask(direct.port(), Chat.PATH, body, "x-request-id: same");
    RawHttp.Answer relayed = ask(body, "x-request-id: same");
    assertThat(relayed.status()).isEqualTo(200);
    assertThat(relayed.body()).isEqualTo(own.body());
    assertThat(relayed.text()).endsWith("data: [DONE]\n\n").contains("\"usage\":{");
  }

  @Test
  void wholeAnswer_isByteIdenticalToTheServersOwn() throws Exception {
    SimulatedServer direct = simulated("twin");
    SimulatedServer behind = simulated("twin");
    start(PoolYaml.single(behind.uri()));
    for (String path : List.of(Chat.PATH, "/v1/completions", "/v1/embeddings")) {
      String body =
          path.equals(Chat.PATH)
              ? Chat.whole("größer als 🐪?")
              : "{\"model\":\"llama-3.1-8b\",\""
                  + (path.endsWith("embeddings") ? "input" : "prompt")
                  + "\":\"größer\"}";
      RawHttp.Answer own = RawHttp.ask(direct.port(), path, body, "x-request-id: same");
      RawHttp.Answer relayed = RawHttp.ask(gateway().port(), path, body, "x-request-id: same");
      assertThat(relayed.status()).as(path).isEqualTo(200);
      assertThat(relayed.body()).as(path).isEqualTo(own.body());
      assertThat(relayed.head().header("content-length"))
          .isEqualTo(own.head().header("content-length"));
      assertThat(relayed.head().header("content-type"))
          .isEqualTo(own.head().header("content-type"));
      assertThat(relayed.head().header("x-request-id")).isEqualTo("same");
    }
  }

  @Test
  void stream_cutByTheServerAtEveryByte_isTheSameBytes() throws Exception {
    byte[] payload =
        "data: {\"c\":\"größer 🐪 €\"}\n\ndata: [DONE]\n\n".getBytes(StandardCharsets.UTF_8);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              for (int at = 1; peer.request() != null; at++) {
                byte[] wire = chunked(payload, at);
                for (byte one : wire) { // every TCP segment is a byte
                  peer.send(new byte[] {one});
                }
              }
            });
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    for (int at = 1; at <= payload.length; at += 7) {
      client.post(Chat.PATH, Chat.stream("hello", 2));
      RawHttp.Answer answer = client.answer();
      assertThat(answer.body()).as("chunks of %s bytes", at).isEqualTo(payload);
    }
    assertThat(server.connections()).isEqualTo(1);
  }

  static final String STREAM_HEAD =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

  /** A streamed answer in chunks of that many bytes, with an extension and odd spellings. */
  private static byte[] chunked(byte[] payload, int size) {
    StringBuilder wire = new StringBuilder(STREAM_HEAD);
    for (int at = 0; at < payload.length; at += size) {
      byte[] part = Arrays.copyOfRange(payload, at, Math.min(payload.length, at + size));
      wire.append(String.format("%04X;part=\"%d\"\r\n", part.length, at));
      wire.append(new String(part, StandardCharsets.ISO_8859_1)).append("\r\n");
    }
    return wire.append("000\r\n\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }
}
