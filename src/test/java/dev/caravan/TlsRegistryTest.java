package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.Authority;
import dev.caravan.testing.Authority.Issued;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.Ports;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Map;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

/** The inference port with TLS by Quarkus' own registry, as users configure it. */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // Quarkus sets the fields
@TestProfile(TlsRegistryTest.WithTls.class)
class TlsRegistryTest {
  private static final Path DIRECTORY = Path.of("target", "test-tls").toAbsolutePath();
  private static final Duration LONG = Duration.ofSeconds(30);

  /** What issues certificates; in files, since the profile lives in another class loader. */
  private static final Authority CA = new Authority("registry test");

  /** A port with a certificate of nobody's authority, which the test replaces. */
  public static class WithTls implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        new Authority("first").issue("first", "127.0.0.1").write(DIRECTORY);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      return Map.of(
          "quarkus.tls.port.key-store.pem.0.cert", DIRECTORY.resolve("tls.crt").toString(),
          "quarkus.tls.port.key-store.pem.0.key", DIRECTORY.resolve("tls.key").toString(),
          "caravan.http.tls", "port",
          "caravan.tls.reload-period", "50ms",
          "caravan.demo.enabled", "true",
          "caravan.demo.speedup", "50",
          "caravan.http.host", "127.0.0.1",
          "caravan.http.port", Integer.toString(Ports.free()),
          "caravan.access-log.path", "target/test-logs/access.log");
    }
  }

  @ConfigProperty(name = "caravan.http.port")
  int port;

  @Inject Gateway gateway;

  private HttpResponse<String> models() throws IOException, InterruptedException {
    return HttpClient.newBuilder()
        .sslContext(CA.context(null))
        .build()
        .send(
            HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + "/v1/models")).build(),
            BodyHandlers.ofString());
  }

  private String subject() {
    try {
      return ((X509Certificate) models().sslSession().orElseThrow().getPeerCertificates()[0])
          .getSubjectX500Principal()
          .getName();
    } catch (IOException | InterruptedException e) {
      return e.toString(); // not yet
    }
  }

  @Test
  void certificate_isTakenOver_andABadOneToldOf_withItsFile() throws Exception {
    Issued issued = CA.issue("second", "127.0.0.1");
    issued.write(DIRECTORY);
    await().atMost(LONG).until(() -> subject().contains("CN=second"));
    assertThat(models().version()).isEqualTo(HttpClient.Version.HTTP_2);
    assertThat(models().statusCode()).isEqualTo(200);

    try (CapturedLog log = CapturedLog.of("dev.caravan.tls")) {
      Files.writeString(DIRECTORY.resolve("tls.crt"), "no certificate");
      long before = gateway.tls().entries().entry("port").failed();
      await()
          .atMost(LONG)
          .until(() -> gateway.tls().entries().entry("port").failed() >= before + 3);
      assertThat(log.lines())
          .filteredOn(line -> line.startsWith("ERROR"))
          .hasSize(1)
          .allMatch(line -> line.contains(DIRECTORY.resolve("tls.crt").toString()));
    }
    assertThat(subject()).contains("CN=second");
    CA.issue("third", "127.0.0.1").write(DIRECTORY);
    await().atMost(LONG).until(() -> subject().contains("CN=third"));
  }
}
