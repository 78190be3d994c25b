package dev.caravan.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The network that fails does what it says. */
class FaultyProxyTest {
  /** How long a test waits to see that nothing comes. */
  private static final int SILENT_MILLIS = 100;

  private ScriptedServer server;
  private FaultyProxy proxy;

  @BeforeEach
  void start() throws IOException {
    server =
        new ScriptedServer(
            (peer, connection) -> {
              while (peer.request() != null) {
                peer.send("answer");
              }
              peer.awaitLeft();
            });
    proxy = new FaultyProxy(server.port());
  }

  @AfterEach
  void stop() throws IOException {
    proxy.close();
    server.close();
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), proxy.port()), 20_000);
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static void ask(Socket socket) throws IOException {
    socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  private static String answer(Socket socket) throws IOException {
    return new String(socket.getInputStream().readNBytes(6), StandardCharsets.US_ASCII);
  }

  private static void isSilent(Socket socket) throws IOException {
    socket.setSoTimeout(SILENT_MILLIS);
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketTimeoutException.class);
    socket.setSoTimeout(20_000);
  }

  @Test
  void passes_bytesAndEnds() throws IOException {
    try (Socket client = connect()) {
      ask(client);
      assertThat(answer(client)).isEqualTo("answer");
      client.shutdownOutput();
      await().atMost(Duration.ofSeconds(20)).until(() -> server.left() == 1);
      await().atMost(Duration.ofSeconds(20)).until(() -> proxy.connections() == 0);
    }
  }

  @Test
  void lost_nothingComes_untilItHeals() throws IOException {
    try (Socket before = connect()) {
      ask(before);
      answer(before);
      proxy.loseEverything();
      try (Socket during = connect()) {
        ask(before);
        ask(during);
        isSilent(before);
        isSilent(during);
        proxy.heal();
        assertThat(answer(before)).isEqualTo("answer");
        assertThat(answer(during)).isEqualTo("answer");
      }
    }
  }

  @Test
  void halfOpen_isDeadForGood_andNewConnectionsWorkWhenItHeals() throws IOException {
    try (Socket before = connect()) {
      ask(before);
      answer(before);
      proxy.leaveHalfOpen();
      await().atMost(Duration.ofSeconds(20)).until(() -> server.left() == 1);
      assertThat(proxy.halfOpen()).isEqualTo(1);
      proxy.heal();
      ask(before);
      isSilent(before);
      try (Socket after = connect()) {
        ask(after);
        assertThat(answer(after)).isEqualTo("answer");
      }
      before.shutdownOutput();
      await().atMost(Duration.ofSeconds(20)).until(() -> proxy.connections() == 0);
    }
  }

  @Test
  void reset_endsWhatIsThere_andWhatComes() throws IOException {
    try (Socket before = connect()) {
      ask(before);
      answer(before);
      proxy.resetEverything();
      assertThatThrownBy(() -> before.getInputStream().read()).hasMessageContaining("reset");
      assertThatThrownBy(
              () -> {
                try (Socket during = connect()) {
                  ask(during);
                  answer(during);
                  ask(during);
                }
              })
          .isInstanceOf(IOException.class);
      proxy.heal();
      try (Socket after = connect()) {
        ask(after);
        assertThat(answer(after)).isEqualTo("answer");
      }
    }
  }
}
