package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A client that does not read holds up whichever server speaks, and not the gateway's memory. */
class ResumeBackPressureTest extends Resuming {
  private static final int EVENTS = 20_000;

  /** What the systems' socket buffers of two connections may hold, and the gateway's share. */
  private static final long BOUND = 32L << 20;

  private static final String WORDS = "words ".repeat(400);

  private static void flood(ScriptedServer.Peer peer, String id, int events) throws Exception {
    peer.sendBufferSize(64 * 1024);
    for (int i = 0; i < events; i++) {
      // Comments, so that the answer stays short enough to be resumed.
      peer.chunk(": " + id + WORDS + "\n\n" + event(id, "x"));
    }
  }

  private static void awaitStandstill(ScriptedServer server) {
    AtomicLong last = new AtomicLong(-1);
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(400))
        .until(
            () -> {
              long now = server.written();
              return now > 0 && now == last.getAndSet(now);
            });
  }

  @Test
  void client_thatDoesNotRead_pausesTheServerThatGoesOn() throws Exception {
    ScriptedServer dying =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              flood(peer, "a", 1_000);
            });
    ScriptedServer other =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              flood(peer, "b", EVENTS);
              peer.chunk(finish("b", "stop"));
              peer.chunk(done());
              peer.chunk("");
            });
    startPool(dying.uri(), other.uri());
    try (RawHttp client = new RawHttp(gateway().port(), 64 * 1024)) {
      client.post(Chat.PATH, stream(1_000_000, "\"n\":1"));
      // The first server's part is read, or its death would wait behind it.
      client.head();
      int read = 0;
      while (other.requests().isEmpty()) {
        read += count(client.chunk().text());
      }
      awaitStandstill(other);
      assertThat(other.written()).isLessThan(BOUND);
      assertThat(gateway().inflight()).isEqualTo(1);
      String last = "";
      for (String text = client.chunk().text(); !text.isEmpty(); text = client.chunk().text()) {
        read += count(text);
        last = text;
      }
      assertThat(read).isEqualTo(1_000 + EVENTS);
      assertThat(last).endsWith(done());
    }
    assertThat(resumptions("resumed")).isEqualTo(1);
  }

  private static int count(String text) {
    return text.split("\"content\":\"x\"", -1).length - 1;
  }
}
