package dev.caravan.limit.redis;

import static org.assertj.core.api.Assertions.fail;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.Ports;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** The same with a real Redis: {@code ./mvnw -Predis test}. */
@Tag("redis")
class RealRedisTest extends SharingContract {
  @TempDir private Path directory;

  @Override
  int server() {
    int port = Ports.free();
    List<String> command =
        List.of(
            "redis-server",
            "--port",
            Integer.toString(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            directory.toString());
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(new File(directory.toFile(), "redis.log"))
              .start();
    } catch (IOException e) {
      return fail(
          "redis-server is not here; Debian has it in the package redis-server (%s)",
          e.getMessage());
    }
    closing(
        () -> {
          process.destroyForcibly();
          process.waitFor();
        });
    await().atMost(Duration.ofSeconds(20)).until(() -> listens(port));
    return port;
  }

  private static boolean listens(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
      return true;
    } catch (IOException notYet) {
      return false;
    }
  }
}
