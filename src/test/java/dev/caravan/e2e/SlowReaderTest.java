package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.io.InputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A client that does not read holds up its server, and not the gateway's memory. */
class SlowReaderTest extends EndToEnd {
  private static final int PART = 64 * 1024;
  private static final int PARTS = 1_000;

  /** What the systems' socket buffers of two connections may hold, and the gateway's share. */
  private static final long BOUND = 32L << 20;

  private static byte[] part(int number) {
    byte[] part = new byte[PART];
    for (int i = 0; i < PART; i++) {
      part[i] = (byte) (number * 31 + i);
    }
    return part;
  }

  private ScriptedServer flood() throws Exception {
    return scripted(
        (peer, connection) -> {
          while (peer.request() != null) {
            peer.sendBufferSize(PART);
            peer.send(
                "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: "
                    + (long) PART * PARTS
                    + "\r\n\r\n");
            for (int i = 0; i < PARTS; i++) {
              peer.send(part(i));
            }
          }
        });
  }

  /** Waits until the server gets nothing more rid of; what it had sent by then. */
  private static long awaitStandstill(ScriptedServer server) {
    AtomicLong last = new AtomicLong(-1);
    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(400))
        .until(
            () -> {
              long now = server.written();
              return now > 0 && now == last.getAndSet(now);
            });
    return server.written();
  }

  @Test
  void client_thatDoesNotRead_pausesItsServer_andThenGetsEveryByte() throws Exception {
    ScriptedServer server = flood();
    start(PoolYaml.single(server.uri()));
    RawHttp client = new RawHttp(gateway().port(), PART);
    try (client) {
      client.post(Chat.PATH, Chat.whole("much"));
      RawHead head = client.head();
      assertThat(head.status()).isEqualTo(200);
      assertThat(awaitStandstill(server)).isLessThan(BOUND);
      assertThat(gateway().inflight()).isEqualTo(1);
      MessageDigest expected = MessageDigest.getInstance("SHA-256");
      MessageDigest read = MessageDigest.getInstance("SHA-256");
      InputStream in = client.in();
      for (int i = 0; i < PARTS; i++) {
        expected.update(part(i));
        read.update(in.readNBytes(PART));
      }
      assertThat(read.digest()).isEqualTo(expected.digest());
      client.get("/v1/models");
      assertThat(client.answer().status()).isEqualTo(200);
    }
  }

  @Test
  void client_thatNeverReads_isLeftAfterTheWriteTimeout() throws Exception {
    ScriptedServer server = flood();
    start(PoolYaml.single(server.uri()), Map.of("caravan.http.write-timeout", "1s"));
    try (RawHttp client = new RawHttp(gateway().port(), PART)) {
      client.post(Chat.PATH, Chat.whole("much"));
      client.head();
      await().atMost(LONG).until(() -> gateway().connections() == 0);
      gateway().awaitIdle();
      await().atMost(LONG).until(() -> server.openConnections() == 0);
    }
  }
}
