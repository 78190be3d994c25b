package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.testing.Ports;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Client certificates on the management port: whose the subject is, that is who they are. */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // Quarkus sets the fields
@TestProfile(AdminCertificateTest.WithCertificates.class)
class AdminCertificateTest {
  private static final Path DIRECTORY = Path.of("target", "test-certificates").toAbsolutePath();
  private static final String PASSWORD = "changeit";

  /** A server with TLS that believes two clients; a third has a certificate of its own making. */
  public static class WithCertificates implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        prepare();
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return Map.ofEntries(
          Map.entry("quarkus.tls.management.key-store.p12.path", store("server").toString()),
          Map.entry("quarkus.tls.management.key-store.p12.password", PASSWORD),
          Map.entry("quarkus.tls.management.trust-store.p12.path", store("trust").toString()),
          Map.entry("quarkus.tls.management.trust-store.p12.password", PASSWORD),
          Map.entry("quarkus.http.tls-configuration-name", "management"),
          Map.entry("quarkus.http.insecure-requests", "disabled"),
          Map.entry("quarkus.http.test-ssl-port", "0"),
          Map.entry(
              "quarkus.http.auth.certificate-role-properties",
              DIRECTORY.resolve("roles.properties").toString()),
          Map.entry("caravan.demo.enabled", "true"),
          Map.entry("caravan.demo.speedup", "50"),
          Map.entry("caravan.http.host", "127.0.0.1"),
          Map.entry("caravan.http.port", Integer.toString(Ports.free())),
          Map.entry("caravan.access-log.path", "target/test-logs/access.log"));
    }

    private static void prepare() throws IOException, InterruptedException {
      Files.createDirectories(DIRECTORY);
      for (String name : List.of("server", "vera", "ana", "nobody", "eve", "trust")) {
        Files.deleteIfExists(store(name));
      }
      for (String name : List.of("server", "vera", "ana", "nobody", "eve")) {
        keytool(
            name,
            "-genkeypair",
            "-alias",
            name,
            "-keyalg",
            "EC",
            "-dname",
            "CN=" + (name.equals("eve") ? "ana" : name) + ",O=Caravan",
            "-ext",
            "SAN=dns:localhost,ip:127.0.0.1",
            "-validity",
            "3650");
      }
      for (String name : List.of("vera", "ana", "nobody")) {
        Path pem = DIRECTORY.resolve(name + ".pem");
        keytool(name, "-exportcert", "-alias", name, "-file", pem.toString());
        keytool("trust", "-importcert", "-noprompt", "-alias", name, "-file", pem.toString());
      }
      Files.writeString(DIRECTORY.resolve("roles.properties"), "vera=viewer\nana=operator\n");
    }
  }

  private static Path store(String name) {
    return DIRECTORY.resolve(name + ".p12");
  }

  private static void keytool(String store, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(
        List.of(
            "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore", store(store).toString()));
    Path log = DIRECTORY.resolve("keytool.log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException("keytool: " + Files.readString(log));
    }
  }

  @TestHTTPResource(value = "/admin/servers/slow", tls = true)
  URI slow;

  private static KeyStore load(String name) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store(name))) {
      keys.load(in, PASSWORD.toCharArray());
    }
    return keys;
  }

  private int status(@Nullable String client, String method, String path, String... headers)
      throws Exception {
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(load("server"));
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    if (client != null) {
      keys.init(load(client), PASSWORD.toCharArray());
    }
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(client == null ? null : keys.getKeyManagers(), trust.getTrustManagers(), null);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(slow + path)).method(method, BodyPublishers.noBody());
    if (headers.length > 0) {
      request.headers(headers);
    }
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .sslContext(tls)
        .build()
        .send(request.build(), BodyHandlers.ofString())
        .statusCode();
  }

  @Test
  void certificate_hasTheRoleOfItsSubject() throws Exception {
    assertThat(status(null, "GET", "")).isEqualTo(401);
    assertThat(status("vera", "GET", "")).isEqualTo(200);
    assertThat(status("vera", "PUT", "/drain")).isEqualTo(403);
    assertThat(status("ana", "GET", "")).isEqualTo(200);
    assertThat(status("ana", "PUT", "/drain")).isEqualTo(200);
    assertThat(status("ana", "DELETE", "/drain")).isEqualTo(200);
    assertThat(status("nobody", "GET", "")).isEqualTo(403);
  }

  @Test
  void certificate_thatNobodyVouchesFor_doesNotConnect() {
    assertThatThrownBy(() -> status("eve", "GET", "")).isInstanceOf(IOException.class);
  }

  @Test
  void certificate_isNotForAPageOfAnotherOrigin() throws Exception {
    String own = "https://" + slow.getAuthority();
    assertThat(status("ana", "PUT", "/drain", "origin", "https://evil.example")).isEqualTo(403);
    assertThat(status("ana", "DELETE", "/drain", "origin", own)).isEqualTo(200);
  }
}
