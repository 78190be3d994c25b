package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.fleet.Availability.Use;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.ScriptedServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The key of a model server is another as soon as its file is. */
class ServerKeyTest extends EndToEnd {
  private static final String FIRST = "canary-key-1";
  private static final String SECOND = "canary-key-2";

  @TempDir Path directory;

  private Path file() {
    return directory.resolve("key");
  }

  /** In one step, as Kubernetes does. */
  private void put(String text) throws IOException {
    Path beside = Files.writeString(directory.resolve("new"), text);
    Files.move(beside, file(), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Takes one key alone. */
  private ScriptedServer taking(String key) throws IOException {
    return scripted(
        (peer, connection) -> {
          for (ScriptedServer.Request asked; (asked = peer.request()) != null; ) {
            boolean good = ("Bearer " + key).equals(asked.head().header("authorization"));
            peer.send(ScriptedServer.whole(good ? 200 : 401, "{}"));
          }
        });
  }

  private String lastKey(ScriptedServer server) throws IOException {
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
    return server
        .requests()
        .get(server.requests().size() - 1)
        .head()
        .all("authorization")
        .toString();
  }

  private String keyOf() {
    return "apiKey: \"file:" + file() + "\"";
  }

  @Test
  void anotherKeyInTheFile_isSentFromThenOn_onTheConnectionsThatAreOpen() throws Exception {
    put(FIRST + "\n");
    ScriptedServer server =
        closing(ScriptedServer.answering(ScriptedServer.whole(200, "{\"choices\":[]}")));
    try (CapturedLog log = CapturedLog.of("dev.caravan.route.server")) {
      start(
          PoolYaml.single(server.uri(), keyOf(), "keepAlive: 60s"),
          Map.of("caravan.routes.reload", "false"));
      assertThat(lastKey(server)).isEqualTo("[Bearer " + FIRST + "]");
      put(SECOND);
      await()
          .atMost(LONG)
          .untilAsserted(() -> assertThat(lastKey(server)).isEqualTo("[Bearer " + SECOND + "]"));
      assertThat(log.lines())
          .singleElement()
          .asString()
          .contains("only", "new key", file().toString())
          .doesNotContain("canary");
    }
  }

  @Test
  void serverThatRefusedTheOldKey_getsRequestsAgainWithTheNewOne() throws Exception {
    put(FIRST);
    ScriptedServer server = taking(SECOND);
    // Probes are on, so that no request is tried while it is out.
    start(PoolYaml.single(server.uri(), keyOf()), Map.of("caravan.probe.enabled", "true"));
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(502);
    assertThat(gateway().backend("only").availability().use()).isEqualTo(Use.NONE);
    put(SECOND);
    await().atMost(LONG).until(() -> ask(Chat.whole("hello")).status() == 200);
  }
}
