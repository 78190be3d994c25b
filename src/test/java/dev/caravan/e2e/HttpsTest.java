package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.caravan.TestGateway;
import dev.caravan.testing.Authority;
import dev.caravan.testing.Authority.Issued;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The inference port with TLS. */
class HttpsTest extends EndToEnd {
  private static final Authority CA = new Authority("authority");
  private static final Authority CLIENTS = new Authority("authority of clients");
  private static final SSLContext CLIENT = CA.context(null);

  @TempDir Path directory;
  private Secured secured;

  @BeforeEach
  void mount() throws IOException {
    secured = new Secured(directory);
    secured.mount("server", CA.issue("gateway", "localhost", "127.0.0.1"));
    secured.trust("clients.pem", CLIENTS);
  }

  private TestGateway secure(Map<String, String> more) throws Exception {
    return start(
        PoolYaml.single(simulated("steady").uri()), Secured.all(secured.port("server"), more));
  }

  private static SSLContext showing(Issued own) {
    return CA.context(own);
  }

  private double handshakes(String result) {
    return gateway()
        .meters()
        .get("caravan.tls.handshakes")
        .tag("result", result)
        .functionCounter()
        .count();
  }

  // ---- what is served

  @Test
  void requestsAndStreams_areAnswered_onOneConnection() throws Exception {
    int port = secure(Map.of()).port();
    try (RawHttp client = new RawHttp(Secured.connect(port, CLIENT, p -> {}))) {
      for (int i = 0; i < 3; i++) {
        assertThat(client.post(Chat.PATH, Chat.whole("n" + i)).answer().status()).isEqualTo(200);
        RawHttp.Answer streamed = client.post(Chat.PATH, Chat.stream("s" + i, 40)).answer();
        assertThat(streamed.text()).endsWith("data: [DONE]\n\n");
      }
    }
    assertThat(handshakes("done")).isEqualTo(1);
  }

  @Test
  void largeBodies_pass() throws Exception {
    int port = secure(Map.of()).port();
    try (RawHttp client = new RawHttp(Secured.connect(port, CLIENT, p -> {}))) {
      String body = Chat.whole("word ".repeat(100_000));
      assertThat(client.post(Chat.PATH, body).answer().status()).isEqualTo(200);
    }
  }

  @Test
  void lastAnswer_endsWithTheEndOfTls() throws Exception {
    int port = secure(Map.of()).port();
    try (RawHttp client = new RawHttp(Secured.connect(port, CLIENT, p -> {}))) {
      client.post(Chat.PATH, Chat.whole("hello"), "connection: close");
      assertThat(client.answer().status()).isEqualTo(200);
      // A connection that is cut instead would be an exception here.
      assertThat(client.closed()).isTrue();
    }
  }

  @Test
  void cookie_isSecure() throws Exception {
    int port =
        secure(
                Map.of(
                    "caravan.conversation.cookie.enabled",
                    "true",
                    "caravan.conversation.cookie.keys",
                    "0123456789abcdef0123456789abcdef"))
            .port();
    assertThat(Secured.ask(port, CLIENT).head().header("set-cookie")).contains("Secure");
  }

  // ---- what is not TLS

  @Test
  void plainHttp_isToldSo_andTheOperatorToo() throws Exception {
    int port = secure(Map.of()).port();
    try (CapturedLog log = CapturedLog.of("dev.caravan.tls");
        RawHttp client = new RawHttp(port)) {
      RawHttp.Answer answer = client.post(Chat.PATH, Chat.whole("hello")).answer();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.text()).contains("https_required");
      assertThat(client.closed()).isTrue();
      assertThat(log.lines()).hasSize(1).allMatch(line -> line.contains("it speaks plain HTTP"));
    }
    assertThat(handshakes("plaintext")).isEqualTo(1);
    assertThat(Secured.ask(port, CLIENT).status()).isEqualTo(200);
  }

  @Test
  void clientThatSaysNothing_isClosed() throws Exception {
    int port = secure(Map.of("caravan.http.head-timeout", "200ms")).port();
    try (RawHttp client = new RawHttp(port)) {
      assertThat(client.closed()).isTrue();
    }
  }

  @Test
  void clientThatStopsInTheHandshake_isClosed() throws Exception {
    int port = secure(Map.of("caravan.http.head-timeout", "200ms")).port();
    try (RawHttp client = new RawHttp(port)) {
      client.send(new byte[] {0x16, 3, 1, 2, 0, 1});
      assertThat(client.closed()).isTrue();
    }
    await().atMost(LONG).until(() -> handshakes("left") + handshakes("failed") == 1);
  }

  @Test
  void bytesThatAreNoHello_endTheConnection_andNothingElse() throws Exception {
    int port = secure(Map.of()).port();
    try (CapturedLog log = CapturedLog.of("dev.caravan");
        RawHttp client = new RawHttp(port)) {
      client.send(new byte[] {0x16, 3, 3, 0, 4, 1, 2, 3, 4});
      client.rest(); // an alert
      await().atMost(LONG).until(() -> handshakes("failed") == 1);
      assertThat(log.lines()).noneMatch(line -> line.startsWith("ERROR"));
    }
  }

  @Test
  void connectionOverTheLimit_isClosed_beforeItCostsAHandshake() throws Exception {
    int port = secure(Map.of("caravan.limits.connections", "1")).port();
    try (RawHttp first = new RawHttp(Secured.connect(port, CLIENT, p -> {}))) {
      assertThat(first.post(Chat.PATH, Chat.whole("hello")).answer().status()).isEqualTo(200);
      assertThatThrownBy(() -> Secured.ask(port, CLIENT)).isInstanceOf(IOException.class);
      assertThat(handshakes("done")).isEqualTo(1);
    }
  }

  /** Connections whose handshake does not go on are ended by time, and bounded by number. */
  @Test
  void handshakesThatStandStill_holdUpNobody_andEnd() throws Exception {
    AtomicLong clock = new AtomicLong();
    int port =
        start(
                PoolYaml.single(simulated("steady").uri()),
                Secured.all(
                    secured.port("server"),
                    Map.of("caravan.http.head-timeout", "1s", "caravan.limits.connections", "40")),
                clock::get)
            .port();
    List<RawHttp> still = new ArrayList<>();
    try {
      for (int i = 0; i < 39; i++) {
        still.add(new RawHttp(port).send(new byte[] {0x16, 3, 1, 2, 0, 1}));
      }
      await().atMost(LONG).until(() -> gateway().connections() == 39);
      assertThat(Secured.ask(port, CLIENT).status()).isEqualTo(200);
      await().atMost(LONG).until(() -> gateway().connections() == 39);
      still.add(new RawHttp(port).send(new byte[] {0x16, 3, 1, 2, 0, 1}));
      await().atMost(LONG).until(() -> gateway().connections() == 40);
      assertThatThrownBy(() -> Secured.ask(port, CLIENT)).isInstanceOf(IOException.class);
      clock.addAndGet(TimeUnit.SECONDS.toNanos(1));
      await().atMost(LONG).until(() -> gateway().connections() == 0);
      assertThat(Secured.ask(port, CLIENT).status()).isEqualTo(200);
    } finally {
      for (RawHttp each : still) {
        each.close();
      }
    }
  }

  @Test
  void tls_toAPortWithoutIt_isToldSo_andTheOperatorToo() throws Exception {
    int port = start(PoolYaml.single(simulated("steady").uri())).port();
    try (CapturedLog log = CapturedLog.of("dev.caravan")) {
      // No line of HTTP ends in it: it would be waited for.
      try (RawHttp client = new RawHttp(port)) {
        RawHttp.Answer answer = client.send(new byte[] {0x16, 3, 1, 2, 0, 1}).answer();
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.text()).contains("http_required");
        assertThat(client.closed()).isTrue();
      }
      assertThatThrownBy(() -> Secured.ask(port, CLIENT)).isInstanceOf(SSLException.class);
      assertThat(log.lines())
          .filteredOn(line -> line.contains("speaks TLS, and this port does not"))
          .isNotEmpty();
      assertThat(log.lines()).noneMatch(line -> line.startsWith("ERROR"));
    }
    assertThat(RawHttp.ask(port, Chat.PATH, Chat.whole("hello")).status()).isEqualTo(200);
  }

  // ---- versions and protocols

  @Test
  void versions_areThoseOfTheEntry() throws Exception {
    int port = secure(Map.of()).port();
    assertThat(Secured.ask(port, CLIENT, p -> p.setProtocols(new String[] {"TLSv1.3"})).status())
        .isEqualTo(200);
    assertThatThrownBy(
            () -> Secured.ask(port, CLIENT, p -> p.setProtocols(new String[] {"TLSv1.2"})))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("protocol_version");
  }

  @Test
  void version12_isThereWhereTheEntrySaysSo_withForwardSecrecy() throws Exception {
    int port = secure(Map.of("quarkus.tls.port.protocols", "TLSv1.3,TLSv1.2")).port();
    try (SSLSocket socket =
        Secured.connect(port, CLIENT, p -> p.setProtocols(new String[] {"TLSv1.2"}))) {
      assertThat(socket.getSession().getCipherSuite()).matches("TLS_ECDHE_.*(GCM|POLY1305).*");
    }
    assertThatThrownBy(
            () ->
                Secured.ask(
                    port,
                    CLIENT,
                    p -> {
                      p.setProtocols(new String[] {"TLSv1.2"});
                      p.setCipherSuites(new String[] {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"});
                    }))
        .isInstanceOf(SSLException.class);
  }

  /** The JDK does not speak it any more: the hello is written by hand (RFC 4346, 7.4.1.2). */
  @Test
  void version11_isRefused() throws Exception {
    int port = secure(Map.of("quarkus.tls.port.protocols", "TLSv1.3,TLSv1.2")).port();
    byte[] hello = new byte[5 + 4 + 2 + 32 + 1 + 2 + 6 + 2];
    byte[] head = {0x16, 3, 1, 0, (byte) (hello.length - 5), 1, 0, 0, (byte) (hello.length - 9)};
    System.arraycopy(head, 0, hello, 0, head.length);
    byte[] offers = {0, 0, 6, (byte) 0xC0, 0x09, (byte) 0xC0, 0x13, 0, 0x2F, 1, 0};
    hello[9] = 3;
    hello[10] = 2;
    System.arraycopy(offers, 0, hello, 43, offers.length);
    try (RawHttp client = new RawHttp(port)) {
      String answer = client.send(hello).rest();
      assertThat(answer.charAt(0)).as("alert").isEqualTo((char) 0x15);
      assertThat(answer.charAt(5)).as("fatal").isEqualTo((char) 2);
      assertThat(answer.charAt(6)).as("protocol_version").isEqualTo((char) 70);
    }
  }

  private static String chosen(int port, String... offered) throws IOException {
    try (SSLSocket socket =
        Secured.connect(port, CLIENT, p -> p.setApplicationProtocols(offered))) {
      return socket.getApplicationProtocol();
    }
  }

  @Test
  void alpn_choosesHttp2_whereTheClientHasIt() throws Exception {
    int port = secure(Map.of()).port();
    assertThat(chosen(port, "http/1.1", "h2")).isEqualTo("h2");
    assertThat(chosen(port, "http/1.1")).isEqualTo("http/1.1");
    assertThat(chosen(port)).isEmpty();
    assertThatThrownBy(() -> chosen(port, "h3"))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("no_application_protocol");
  }

  @Test
  void alpn_isHttp11_orNothing_whereHttp2IsOff() throws Exception {
    int port = secure(Map.of("caravan.http.http2", "false")).port();
    assertThat(chosen(port, "h2", "http/1.1")).isEqualTo("http/1.1");
    assertThat(chosen(port)).isEmpty();
    assertThatThrownBy(() -> chosen(port, "h2"))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("no_application_protocol");
  }

  @Test
  void name_choosesTheCertificate() throws Exception {
    secured.mount("a", CA.issue("host a", "a.example"));
    secured.mount("b", CA.issue("host b", "*.b.example"));
    Map<String, String> names =
        Secured.all(secured.shows("port", "server", "a", "b"), secured.port("server", "a", "b"));
    names.put("quarkus.tls.port.key-store.sni", "true");
    int port = start(PoolYaml.single(simulated("steady").uri()), names).port();
    for (String[] expected :
        new String[][] {
          {"a.example", "host a"},
          {"x.b.example", "host b"},
          {"other.example", "gateway"},
          {"a.example", "host a"}
        }) {
      // A context of its own: the JDK's client would take up the session of another name.
      try (SSLSocket socket = Secured.connect(port, CA.context(null), Secured.named(expected[0]))) {
        assertThat(Secured.subject(socket)).contains("CN=" + expected[1]);
      }
    }
    assertThat(Secured.ask(port, CLIENT).status()).isEqualTo(200);
  }

  // ---- clients' certificates

  private TestGateway asking(String how, String... more) throws Exception {
    Map<String, String> settings =
        Secured.all(
            secured.port("server"),
            secured.trusts("port", "clients.pem"),
            Map.of("caravan.http.client-auth", how));
    for (int i = 0; i < more.length; i += 2) {
      settings.put(more[i], more[i + 1]);
    }
    return start(
        """
        - route:
            id: who
            from:
              uri: pool:llama-3.1-8b
              steps:
                - setBody:
                    simple: "${exchangeProperty.caravan-client-name}|${exchangeProperty.caravan-client-subject}|${exchangeProperty.caravan-client-san}|${exchangeProperty.caravan-client-fingerprint}"
        """,
        settings);
  }

  @Test
  void clientWithACertificate_isKnownToRoutes() throws Exception {
    Issued ana = CLIENTS.issue("ana", "spiffe://example/ana", "ana.example");
    int port = asking("required").port();
    String[] said = Secured.ask(port, showing(ana)).text().split("\\|", -1);
    assertThat(said[0]).isEqualTo("ana");
    assertThat(said[1]).contains("CN=ana").contains("O=Caravan");
    assertThat(said[2]).isEqualTo("spiffe://example/ana,ana.example");
    assertThat(said[3]).hasSize(64);
  }

  @Test
  void required_refusesWhoeverHasNoGoodOne() throws Exception {
    int port = asking("required").port();
    refused(port, CLIENT);
    refused(port, showing(CA.issue("of another authority")));
    refused(port, showing(CLIENTS.issue("expired", -10, -1)));
    refused(port, showing(CLIENTS.issue("not yet", 1, 10)));
    await().atMost(LONG).until(() -> handshakes("certificate") == 4);
    assertThat(Secured.ask(port, showing(CLIENTS.issue("good"))).status()).isEqualTo(200);
  }

  @Test
  void request_letsThoseWithoutIn_andNoneWithABadOne() throws Exception {
    int port = asking("request").port();
    assertThat(Secured.ask(port, CLIENT).text()).isEqualTo("|||");
    assertThat(Secured.ask(port, showing(CLIENTS.issue("bea"))).text()).startsWith("bea|");
    refused(port, showing(CLIENTS.issue("expired", -10, -1)));
    // One whose authority was not asked for is not sent at all.
    assertThat(Secured.ask(port, showing(CA.issue("of another authority"))).text())
        .isEqualTo("|||");
  }

  @Test
  void certificateThatWasTakenBack_isRefused() throws Exception {
    Issued gone = CLIENTS.issue("gone");
    Path list = Files.writeString(directory.resolve("revoked.pem"), CLIENTS.revoking(gone));
    int port =
        asking("required", "quarkus.tls.port.certificate-revocation-list", list.toString()).port();
    refused(port, showing(gone));
    assertThat(Secured.ask(port, showing(CLIENTS.issue("here"))).text()).startsWith("here|");
  }

  /** In 1.3 a client learns of it with the first thing that it reads. */
  private static void refused(int port, SSLContext context) {
    assertThatThrownBy(() -> Secured.ask(port, context)).isInstanceOf(IOException.class);
  }

  @Test
  void clientThatDoesNotTrustUs_isCounted_andLogged() throws Exception {
    int port = secure(Map.of()).port();
    try (CapturedLog log = CapturedLog.of("dev.caravan")) {
      assertThatThrownBy(() -> Secured.ask(port, CLIENTS.context(null)))
          .isInstanceOf(SSLException.class);
      await().atMost(LONG).until(() -> handshakes("left") == 1);
      assertThat(log.lines()).anyMatch(line -> line.contains("No TLS with the client"));
      assertThat(log.lines()).noneMatch(line -> line.startsWith("ERROR"));
    }
  }

  @Test
  void drain_endsConnectionsCleanly() throws Exception {
    int port = secure(Map.of()).port();
    try (RawHttp client = new RawHttp(Secured.connect(port, CLIENT, p -> {}))) {
      RawHead head = client.post(Chat.PATH, Chat.stream("s", 30)).head();
      gateway().drain();
      assertThat(new String(client.body(head), java.nio.charset.StandardCharsets.UTF_8))
          .endsWith("data: [DONE]\n\n");
      assertThat(client.closed()).isTrue();
    }
  }
}
