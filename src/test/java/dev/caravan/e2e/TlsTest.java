package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers behind TLS: who is believed to be who. */
class TlsTest extends EndToEnd {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir Path directory;

  /** A server with a certificate of its own making, and that certificate as a PEM file. */
  private record Secured(ScriptedServer server, Path pem) {}

  private Secured secured(String subjectAlternativeName) throws Exception {
    Path store = directory.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                "EC",
                "-dname",
                "CN=model server",
                "-ext",
                "SAN=" + subjectAlternativeName,
                "-validity",
                "3650",
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD),
                "-keystore",
                store.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("keytool.log").toFile())
            .start();
    assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(keytool.exitValue()).as(Files.readString(directory.resolve("keytool.log"))).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD);
    }
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    Path pem = directory.resolve("server.pem");
    Files.writeString(
        pem,
        "-----BEGIN CERTIFICATE-----\n"
            + Base64.getMimeEncoder().encodeToString(keys.getCertificate("server").getEncoded())
            + "\n-----END CERTIFICATE-----\n");
    ScriptedServer server =
        closing(
            new ScriptedServer(
                context.getServerSocketFactory().createServerSocket(),
                true,
                (peer, connection) -> {
                  while (peer.request() != null) {
                    peer.send(ScriptedServer.whole(200, "{\"secure\":true}"));
                  }
                }));
    return new Secured(server, pem);
  }

  private void isRefused() throws Exception {
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      RawHttp.Answer answer = ask(Chat.whole("hello"));
      assertThat(answer.status()).isEqualTo(502);
      assertThat(answer.text()).doesNotContainIgnoringCase("certificate");
      assertThat(log.lines()).anyMatch(line -> line.contains("TLS: "));
    }
  }

  @Test
  void certificateThatNobodySigned_isRefused() throws Exception {
    Secured secured = secured("ip:127.0.0.1");
    start(PoolYaml.single(secured.server().uri()));
    isRefused();
    assertThat(secured.server().requests()).isEmpty();
  }

  @Test
  void certificateThatIsTrusted_isAccepted_andTheConnectionKept() throws Exception {
    Secured secured = secured("ip:127.0.0.1");
    start(PoolYaml.single(secured.server().uri(), "trustCertificates: \"" + secured.pem() + "\""));
    RawHttp client = client();
    for (int i = 0; i < 5; i++) {
      client.post(Chat.PATH, Chat.whole("n" + i));
      assertThat(client.answer().text()).isEqualTo("{\"secure\":true}");
    }
    assertThat(secured.server().connections()).isEqualTo(1);
  }

  @Test
  void health_isAskedWithTheSameTrust() throws Exception {
    Secured secured = secured("ip:127.0.0.1");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .server(
                "trusted", secured.server().uri(), "trustCertificates: \"" + secured.pem() + "\"")
            .server("unknown", secured.server().uri())
            .text(),
        Map.of("caravan.health.enabled", "true", "caravan.health.period", "50ms"));
    await().atMost(LONG).until(() -> checks("trusted", "ok") >= 3);
    await().atMost(LONG).until(() -> checks("unknown", "failed") >= 3);
    assertThat(checks("trusted", "failed") + checks("unknown", "ok")).isZero();
    assertThat(gateway().backend("unknown").availability().eligible()).isFalse();
  }

  private double checks(String backend, String result) {
    return gateway()
        .meters()
        .get("caravan.health.checks")
        .tags("backend", backend, "result", result)
        .counter()
        .count();
  }

  @Test
  void certificateForLocalhost_isAcceptedByName() throws Exception {
    Secured secured = secured("dns:localhost");
    start(
        PoolYaml.single(
            URI.create("https://localhost:" + secured.server().port()),
            "trustCertificates: \"" + secured.pem() + "\""));
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
  }

  @Test
  void certificateOfAnotherHost_isRefused_thoughItIsTrusted() throws Exception {
    Secured secured = secured("dns:other.example");
    start(PoolYaml.single(secured.server().uri(), "trustCertificates: \"" + secured.pem() + "\""));
    isRefused();
    assertThat(secured.server().requests()).isEmpty();
  }

  @Test
  void plainServer_spokenToInTls_isRefused() throws Exception {
    ScriptedServer plain = closing(ScriptedServer.answering(ScriptedServer.whole(200, "{}")));
    start(PoolYaml.single(URI.create("https://127.0.0.1:" + plain.port()), "connectTimeout: 1s"));
    RawHttp.Answer answer = ask(Chat.whole("hello"));
    assertThat(answer.status()).isEqualTo(502);
  }
}
