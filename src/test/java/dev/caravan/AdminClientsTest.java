package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.admin.AuditLog;
import dev.caravan.tenant.Digest;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.Ports;
import dev.caravan.testing.RawHttp;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Keys of clients are made and taken back through the management API. */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // Quarkus sets the fields
@TestProfile(AdminClientsTest.WithClients.class)
class AdminClientsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path FILE = Path.of("target", "test-clients", "clients.json");
  private static final String VIEWER = "a".repeat(64);
  private static final String OPERATOR = "b".repeat(64);

  /** A file with a tenant and no key, and two who may manage. */
  public static class WithClients implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        Files.createDirectories(FILE.getParent());
        Files.writeString(FILE, "{\"tenants\":{\"acme\":{\"requestsPerMinute\":600}}}");
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      return Map.of(
          "caravan.admin.auth.tokens",
          "vera viewer sha256:"
              + Digest.of(VIEWER).hex()
              + ",ana operator sha256:"
              + Digest.of(OPERATOR).hex(),
          "caravan.clients.file",
          FILE.toString(),
          "caravan.demo.enabled",
          "true",
          "caravan.demo.speedup",
          "50",
          "caravan.http.port",
          Integer.toString(Ports.free()),
          "quarkus.http.test-port",
          "0",
          "caravan.access-log.path",
          "target/test-logs/access.log");
    }
  }

  @Inject Settings settings;

  @TestHTTPResource("/")
  URI management;

  private RawHttp.Answer send(String method, String path, String token, String body)
      throws IOException {
    try (RawHttp connection = new RawHttp(management.getPort())) {
      return connection
          .send(
              method
                  + " "
                  + path
                  + " HTTP/1.1\r\nhost: test\r\nauthorization: Bearer "
                  + token
                  + "\r\ncontent-type: application/json\r\ncontent-length: "
                  + body.length()
                  + "\r\nconnection: close\r\n\r\n"
                  + body)
          .answer();
    }
  }

  private int models(String key) throws IOException {
    try (RawHttp client = new RawHttp(settings.http().port())) {
      return client.get("/v1/models", "x-api-key: " + key).answer().status();
    }
  }

  @Test
  void key_isMade_worksAtOnce_andIsTakenBackAtOnce() throws IOException {
    try (CapturedLog audit = CapturedLog.of(AuditLog.CATEGORY)) {
      RawHttp.Answer made =
          send("POST", "/admin/clients", OPERATOR, "{\"tenant\":\"acme\",\"id\":\"web\"}");
      assertThat(made.status()).as(made.text()).isEqualTo(200);
      String key = JSON.readTree(made.text()).path("key").asText();
      assertThat(models(key)).isEqualTo(200);
      RawHttp.Answer all = send("GET", "/admin/clients", VIEWER, "");
      JsonNode listed = JSON.readTree(all.text());
      assertThat(listed.at("/keys/0/id").asText()).isEqualTo("web");
      assertThat(listed.at("/tenants/0/quota/requestsPerMinute").asInt()).isEqualTo(600);
      assertThat(all.text()).doesNotContain(key, Digest.of(key).hex());
      assertThat(Files.readString(FILE)).contains("web", Digest.of(key).hex()).doesNotContain(key);
      RawHttp.Answer twice =
          send("POST", "/admin/clients", OPERATOR, "{\"tenant\":\"acme\",\"id\":\"web\"}");
      assertThat(twice.status()).isEqualTo(409);
      assertThat(send("DELETE", "/admin/clients/web", OPERATOR, "").status()).isEqualTo(200);
      assertThat(models(key)).isEqualTo(401);
      assertThat(send("DELETE", "/admin/clients/web", OPERATOR, "").status()).isEqualTo(404);
      assertThat(audit.lines())
          .anyMatch(line -> line.contains("create key") && line.contains("ana"))
          .anyMatch(line -> line.contains("revoke key") && line.contains("web"))
          .noneMatch(line -> line.contains(key));
    }
  }

  @Test
  void changes_areForOperators_andWrongOnesAreTold() throws IOException {
    assertThat(send("POST", "/admin/clients", VIEWER, "{\"tenant\":\"acme\"}").status())
        .isEqualTo(403);
    assertThat(send("DELETE", "/admin/clients/x", VIEWER, "").status()).isEqualTo(403);
    assertThat(send("GET", "/admin/clients", "nobody", "").status()).isEqualTo(401);
    assertThat(send("POST", "/admin/clients", OPERATOR, "{}").status()).isEqualTo(400);
    RawHttp.Answer wrong =
        send("POST", "/admin/clients", OPERATOR, "{\"tenant\":\"acme\",\"expires\":\"tomorrow\"}");
    assertThat(wrong.status()).isEqualTo(400);
    assertThat(wrong.text()).contains("expires must be a time");
  }
}
