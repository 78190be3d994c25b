package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.Ports;
import dev.caravan.testing.RawHttp;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The application as it is packaged, with the demo fleet: everything is wired and answers. */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // Quarkus sets the fields
@TestProfile(ApplicationTest.DemoFleetOnFreePorts.class)
class ApplicationTest {

  /** The settings of {@code ./run}, but for the ports. */
  public static class DemoFleetOnFreePorts implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "caravan.demo.enabled", "true",
          "caravan.demo.speedup", "50",
          "caravan.http.host", "127.0.0.1",
          "caravan.http.port", Integer.toString(Ports.free()),
          "quarkus.http.test-port", "0",
          "caravan.access-log.path", "target/test-logs/access.log");
    }
  }

  @Inject Settings settings;

  @TestHTTPResource("/q/health/live")
  URI live;

  @TestHTTPResource("/q/health/ready")
  URI ready;

  @TestHTTPResource("/q/metrics")
  URI metrics;

  @TestHTTPResource("/admin/servers")
  URI servers;

  private HttpResponse<String> drain(String method, String server) throws Exception {
    URI drain = URI.create(servers + "/" + server + "/drain");
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(drain)
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static HttpResponse<String> get(URI uri) throws Exception {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void start_answersRequests_health_andMetrics() throws Exception {
    RawHttp.Answer answer =
        RawHttp.ask(
            settings.http().port(),
            "/v1/chat/completions",
            "{\"model\":\"gpt-4o-mini\",\"stream\":true,\"max_tokens\":20,"
                + "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.text()).endsWith("data: [DONE]\n\n");
    assertThat(answer.head().header("x-caravan-backend")).isIn("swift", "steady", "slow");

    HttpResponse<String> health = get(live);
    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(health.body()).contains("UP");

    HttpResponse<String> readiness = get(ready);
    assertThat(readiness.statusCode()).isEqualTo(200);
    assertThat(readiness.body()).contains("\"listening\": true", "\"pools\": 1");

    HttpResponse<String> scraped = get(metrics);
    assertThat(scraped.statusCode()).isEqualTo(200);
    assertThat(scraped.body()).contains("caravan_", "swift", "steady", "slow");
  }

  @Test
  void drain_emptiesAServer_untilItIsTakenBack() throws Exception {
    assertThat(get(servers).body())
        .contains("{\"server\":\"swift\",\"state\":\"")
        .contains("\"server\":\"steady\"", "\"server\":\"slow\"");
    HttpResponse<String> drained = drain("PUT", "swift");
    assertThat(drained.statusCode()).isEqualTo(200);
    assertThat(drained.body())
        .contains("\"state\":\"draining\"", "\"reason\":\"the operator drains it\"")
        .contains("\"drained\":true");
    assertThat(get(URI.create(servers + "/swift")).body()).contains("\"drained\":true");
    for (int i = 0; i < 10; i++) {
      RawHttp.Answer answer =
          RawHttp.ask(
              settings.http().port(),
              "/v1/chat/completions",
              "{\"model\":\"gpt-4o-mini\",\"max_tokens\":2,"
                  + "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}");
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.head().header("x-caravan-backend")).isIn("steady", "slow");
    }
    assertThat(drain("DELETE", "swift").body()).doesNotContain("draining");
    assertThat(drain("POST", "swift").statusCode()).isEqualTo(405);
    HttpResponse<String> nobody = drain("PUT", "nobody");
    assertThat(nobody.statusCode()).isEqualTo(404);
    assertThat(nobody.body()).isEqualTo("{\"error\":\"no model: server of that name\"}");
  }
}
