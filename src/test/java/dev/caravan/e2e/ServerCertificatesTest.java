package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.Authority;
import dev.caravan.testing.Authority.Issued;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.DnsServer;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Model servers behind TLS, as an entry of the registry says: whom it trusts, what it shows. */
class ServerCertificatesTest extends EndToEnd {
  private static final Authority CA = new Authority("private authority");
  private static final Authority OTHER = new Authority("another authority");
  private static final String ENTRY = "tls: gpu";

  @TempDir Path directory;
  private Secured secured;

  @BeforeEach
  void prepare() throws IOException {
    secured = new Secured(directory);
    secured.trust("ca.pem", CA);
    secured.mount("gateway", CA.issue("gateway"));
  }

  private Map<String, String> entry() {
    return Secured.all(
        secured.shows("gpu", "gateway"),
        secured.trusts("gpu", "ca.pem"),
        Map.of("caravan.tls.reload-period", "50ms"));
  }

  private ScriptedServer server(Authority by, Issued shown, boolean asks) throws IOException {
    return closing(Secured.server(by.context(shown), asks));
  }

  private void isRefused(ScriptedServer server, Map<String, String> settings) throws Exception {
    start(PoolYaml.single(server.uri(), ENTRY), settings);
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      RawHttp.Answer answer = ask(Chat.whole("hello"));
      assertThat(answer.status()).isEqualTo(502);
      assertThat(answer.text()).doesNotContainIgnoringCase("certificate");
      assertThat(log.lines()).anyMatch(line -> line.contains("TLS: "));
    }
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void serverOfThePrivateAuthority_isBelieved_andSeesOurCertificate() throws Exception {
    ScriptedServer server = server(CA, CA.issue("gpu", "127.0.0.1"), true);
    start(PoolYaml.single(server.uri(), ENTRY), entry());
    assertThat(ask(Chat.whole("hello")).text()).isEqualTo("{\"secure\":true}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"expired", "not yet", "another host", "another authority"})
  void serverWithABadCertificate_isRefused(String how) throws Exception {
    Issued shown =
        switch (how) {
          case "expired" -> CA.issue("gpu", -10, -1, "127.0.0.1");
          case "not yet" -> CA.issue("gpu", 1, 10, "127.0.0.1");
          case "another host" -> CA.issue("gpu", "other.example");
          default -> OTHER.issue("gpu", "127.0.0.1");
        };
    isRefused(server(CA, shown, false), entry());
  }

  @Test
  void serverThatAsksForACertificate_refusesWithoutOne_andThatOfAnotherAuthority()
      throws Exception {
    ScriptedServer server = server(CA, CA.issue("gpu", "127.0.0.1"), true);
    secured.mount("stranger", OTHER.issue("stranger"));
    Map<String, String> settings =
        Secured.all(
            secured.trusts("none", "ca.pem"),
            secured.shows("wrong", "stranger"),
            secured.trusts("wrong", "ca.pem"));
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .server("a", server.uri(), "tls: none")
            .server("b", server.uri(), "tls: wrong")
            .text(),
        settings);
    for (int i = 0; i < 4; i++) {
      assertThat(ask(Chat.whole("hello")).status()).isEqualTo(502);
    }
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void serverOfAnOldVersion_isRefused_unlessTheEntrySaysSo() throws Exception {
    ScriptedServer server =
        closing(Secured.server(CA.context(CA.issue("gpu", "127.0.0.1")), false, "TLSv1.2"));
    start(
        PoolYaml.of(PoolYaml.MODEL).server("old", server.uri(), "tls: old").text(),
        Secured.all(
            secured.trusts("old", "ca.pem"),
            Map.of("quarkus.tls.old.protocols", "TLSv1.3,TLSv1.2")));
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
  }

  @Test
  void serverThatSpeaks12Alone_isRefusedByDefault() throws Exception {
    isRefused(
        closing(Secured.server(CA.context(CA.issue("gpu", "127.0.0.1")), false, "TLSv1.2")),
        entry());
  }

  @Test
  void health_isAskedByTheSameEntry() throws Exception {
    ScriptedServer server = server(CA, CA.issue("gpu", "127.0.0.1"), true);
    start(
        PoolYaml.single(server.uri(), ENTRY),
        Secured.all(
            entry(), Map.of("caravan.health.enabled", "true", "caravan.health.period", "50ms")));
    await()
        .atMost(LONG)
        .until(
            () -> server.requests().stream().anyMatch(r -> r.head().toString().contains("health")));
  }

  @Test
  void newAuthorityAndCertificate_areForNewConnections() throws Exception {
    ScriptedServer server = server(OTHER, OTHER.issue("gpu", "127.0.0.1"), true);
    start(PoolYaml.single(server.uri(), ENTRY), entry());
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(502);
    secured.trust("ca.pem", OTHER);
    secured.mount("gateway", OTHER.issue("gateway"));
    await().atMost(LONG).until(() -> ask(Chat.whole("hello")).status() == 200);
  }

  // ---- names

  @Test
  void address_isNotSaid() throws Exception {
    Queue<String> names = new ConcurrentLinkedQueue<>();
    ScriptedServer server =
        closing(Secured.server(CA.context(CA.issue("gpu", "127.0.0.1")), names));
    start(PoolYaml.single(server.uri(), ENTRY), entry());
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
    assertThat(names).isEmpty();
  }

  /** Servers that are found are spoken to by the name of their service, as the entry says. */
  @Test
  void serversThatAreFound_areVerifiedByTheEntry_andAskedForByTheNameInTheUrl() throws Exception {
    Queue<String> names = new ConcurrentLinkedQueue<>();
    try (DnsServer dns = new DnsServer()) {
      ScriptedServer good =
          closing(Secured.server(CA.context(CA.issue("gpu", "vllm.test")), names));
      ScriptedServer bad = closing(Secured.server(CA.context(CA.issue("gpu", "node.test")), false));
      dns.addresses("node.test", 0, "127.0.0.1")
          .services(
              "_https._tcp.vllm.test",
              0,
              "0 0 " + good.port() + " node.test",
              "0 0 " + bad.port() + " node.test");
      start(
          PoolYaml.of(PoolYaml.MODEL)
              .server(
                  "vllm",
                  URI.create("https://vllm.test"),
                  "discover: \"srv:_https._tcp.vllm.test\"",
                  ENTRY)
              .text(),
          Secured.all(
              entry(),
              Map.of(
                  "caravan.discovery.dns.servers",
                  "127.0.0.1:" + dns.address().getPort(),
                  "caravan.discovery.dns.timeout",
                  "500ms")));
      for (int i = 0; i < 6; i++) {
        RawHttp.Answer answer = ask(Chat.whole("hello"));
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.head().header("x-caravan-backend"))
            .isEqualTo("vllm-127.0.0.1-" + good.port());
      }
      assertThat(names).isNotEmpty().containsOnly("vllm.test");
      assertThat(bad.requests()).isEmpty();
      stopGateway();
    }
  }

  // ---- trustCertificates

  @Test
  void trustCertificates_areReadAgain_andWhatIsNoGoodChangesNothing() throws Exception {
    ScriptedServer server = server(OTHER, OTHER.issue("gpu", "127.0.0.1"), false);
    Path file = secured.file("ca.pem");
    start(
        PoolYaml.single(server.uri(), "trustCertificates: \"" + file + "\"", "keepAlive: 1ms"),
        Map.of("caravan.tls.reload-period", "50ms"));
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(502);
    secured.trust("ca.pem", OTHER);
    await().atMost(LONG).until(() -> ask(Chat.whole("hello")).status() == 200);
    try (CapturedLog log = CapturedLog.of("dev.caravan.tls")) {
      Files.writeString(file, "garbage");
      await().atMost(LONG).until(() -> log.lines().stream().anyMatch(l -> l.contains("not used")));
      assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
      Files.delete(file);
      await().atMost(LONG).until(() -> log.lines().size() == 2);
      assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
    }
  }

  @Test
  void entryThatIsNotThere_isAnErrorOfTheRoutes() {
    assertThatThrownBy(
            () -> start(PoolYaml.single(URI.create("https://127.0.0.1:1"), "tls: nobody"), entry()))
        .rootCause()
        .hasMessageContaining("there is no quarkus.tls.nobody");
  }
}
