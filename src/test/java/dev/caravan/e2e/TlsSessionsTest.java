package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.caravan.TestGateway;
import dev.caravan.testing.Authority;
import dev.caravan.testing.Authority.Issued;
import dev.caravan.testing.RawHttp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions of TLS that clients take up again, and those that they must not. */
class TlsSessionsTest extends EndToEnd {
  private static final Authority CA = new Authority("authority");
  private static final Authority CLIENTS = new Authority("authority of clients");

  @TempDir Path directory;
  private Secured secured;

  /** What a client sees of a connection. */
  private record Seen(long sessionMade, String subject) {}

  @BeforeEach
  void mount() throws IOException {
    secured = new Secured(directory);
    secured.mount("server", CA.issue("gateway", "localhost", "127.0.0.1"));
    secured.trust("clients.pem", CLIENTS);
  }

  private TestGateway secure(Map<String, String> more) throws Exception {
    return start(
        PoolYaml.single(simulated("steady").uri()),
        Secured.all(
            secured.port("server"), Map.of("quarkus.tls.port.protocols", "TLSv1.3,TLSv1.2"), more));
  }

  /** One request; a ticket of 1.3 comes with its answer. */
  private static Seen visit(int port, SSLContext context, Consumer<SSLParameters> more)
      throws IOException {
    try (SSLSocket socket = Secured.connect(port, context, more);
        RawHttp client = new RawHttp(socket)) {
      assertThat(client.post(Chat.PATH, Chat.whole("hello")).answer().status()).isEqualTo(200);
      return new Seen(
          socket.getSession().getCreationTime(), String.valueOf(Secured.subject(socket)));
    }
  }

  private static Consumer<SSLParameters> version(String protocol) {
    return parameters -> parameters.setProtocols(new String[] {protocol});
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void session_isTakenUpAgain_untilTheCertificateChanges(String protocol) throws Exception {
    int port = secure(Map.of()).port();
    SSLContext client = CA.context(null);
    Seen first = visit(port, client, version(protocol));
    assertThat(visit(port, client, version(protocol))).isEqualTo(first);
    secured.mount("server", CA.issue("renewed", "localhost", "127.0.0.1"));
    await()
        .atMost(LONG)
        .until(() -> visit(port, client, version(protocol)).subject().contains("CN=renewed"));
    Seen renewed = visit(port, client, version(protocol));
    assertThat(renewed.sessionMade()).isGreaterThan(first.sessionMade());
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void clientWhoseCertificateIsTakenBack_takesNothingUpAgain(String protocol) throws Exception {
    Issued gone = CLIENTS.issue("gone");
    Issued stays = CLIENTS.issue("stays");
    Path list = Files.writeString(directory.resolve("revoked.pem"), CLIENTS.revoking());
    int port =
        secure(
                Secured.all(
                    secured.trusts("port", "clients.pem"),
                    Map.of(
                        "caravan.http.client-auth",
                        "required",
                        "quarkus.tls.port.certificate-revocation-list",
                        list.toString())))
            .port();
    SSLContext client = CA.context(gone);
    Seen first = visit(port, client, version(protocol));
    assertThat(visit(port, client, version(protocol))).isEqualTo(first);
    Files.writeString(list, CLIENTS.revoking(gone));
    awaitRefused(port, client, protocol);
    assertThat(visit(port, CA.context(stays), version(protocol)).subject()).contains("gateway");
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void clientWhoseAuthorityIsTrustedNoMore_takesNothingUpAgain(String protocol) throws Exception {
    int port =
        secure(
                Secured.all(
                    secured.trusts("port", "clients.pem"),
                    Map.of("caravan.http.client-auth", "required")))
            .port();
    SSLContext client = CA.context(CLIENTS.issue("ana"));
    Seen first = visit(port, client, version(protocol));
    assertThat(visit(port, client, version(protocol))).isEqualTo(first);
    secured.trust("clients.pem", new Authority("another authority"));
    awaitRefused(port, client, protocol);
  }

  private static void awaitRefused(int port, SSLContext client, String protocol) {
    await()
        .atMost(LONG)
        .untilAsserted(
            () ->
                assertThatThrownBy(() -> visit(port, client, version(protocol)))
                    .isInstanceOf(IOException.class));
    // And so it stays: whatever the client still keeps.
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> visit(port, client, version(protocol)))
          .isInstanceOf(IOException.class);
    }
  }

  /** Signatures cost the server much, and the client, who asks for them again, little. */
  @Test
  void renegotiation_byAClient_isRefused() throws Exception {
    int port = secure(Map.of()).port();
    try (SSLSocket socket = Secured.connect(port, CA.context(null), version("TLSv1.2"));
        RawHttp client = new RawHttp(socket)) {
      assertThat(client.post(Chat.PATH, Chat.whole("hello")).answer().status()).isEqualTo(200);
      socket.startHandshake(); // asks for it
      assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SSLException.class);
    }
    assertThat(
            gateway()
                .meters()
                .get("caravan.tls.handshakes")
                .tag("result", "done")
                .functionCounter()
                .count())
        .isEqualTo(1);
  }
}
