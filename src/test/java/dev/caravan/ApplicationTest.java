package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The settings of {@code ./run}, but for the ports. */
  public static class DemoFleetOnFreePorts implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "caravan.demo.enabled", "true",
          "caravan.demo.speedup", "50",
          "caravan.http.host", "127.0.0.1",
          "caravan.http.port", Integer.toString(Ports.free()),
          "caravan.explain.header", "true",
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

  @TestHTTPResource("/admin/explain")
  URI explain;

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

  private HttpResponse<String> dryRun(String query, String body, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(explain + query))
            .POST(HttpRequest.BodyPublishers.ofString(body));
    return HttpClient.newHttpClient()
        .send(
            (headers.length == 0 ? request : request.headers(headers)).build(),
            HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void explain_dryRun_saysWhyAndSendsNothing() throws Exception {
    HttpResponse<String> pool = get(URI.create(explain + "?pool=gpt-4o-mini"));
    assertThat(pool.statusCode()).as(pool.body()).isEqualTo(200);
    JsonNode told = JSON.readTree(pool.body());
    assertThat(told.at("/dry_run").asBoolean()).isTrue();
    assertThat(told.at("/choices/0/servers")).hasSize(3);
    JsonNode server = told.at("/choices/0/servers/0");
    assertThat(server.at("/filters/capacity").asText()).isEqualTo("admits");
    assertThat(server.at("/scorers/0/unit").asText()).isEqualTo("requests");
    assertThat(told.at("/choices/0/why").asText()).isNotBlank();

    HttpResponse<String> asked =
        dryRun(
            "?path=/v1/completions",
            "{\"model\":\"gpt-4o-mini\",\"prompt\":\"Hello you out there\"}",
            "x-session-id",
            "s-1");
    JsonNode request = JSON.readTree(asked.body()).at("/choices/0/request");
    assertThat(request.at("/path").asText()).isEqualTo("/v1/completions");
    assertThat(request.at("/conversation").asText()).isEqualTo("header");
    assertThat(request.at("/prompt_tokens").asInt()).isPositive();
    assertThat(asked.body()).doesNotContain("s-1", "Hello");
  }

  @Test
  void explain_whatCannotBe_isSaidInASentence() throws Exception {
    assertError(get(explain), 400, "say which pool: /admin/explain?pool=NAME");
    assertError(get(URI.create(explain + "?pool=x%22")), 404, "no pool serves x\"");
    assertError(dryRun("", "{\"model\":\"x\"}"), 404, "no pool serves the request's model");
    assertError(dryRun("", ""), 400, "The body of your request is empty: send a JSON object.");
    assertError(dryRun("", "{"), 400, "The JSON in your request ends too early");
    assertError(dryRun("?path=/v1/x", "{}"), 400, "path: \"/v1/x\" is none of /v1/chat");
    assertError(get(URI.create(explain + "/none")), 404, "no request of that id");
  }

  private static void assertError(HttpResponse<String> answer, int status, String start)
      throws Exception {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(JSON.readTree(answer.body()).at("/error").asText()).startsWith(start);
  }

  @Test
  void explain_requestThatWasExplained_isFoundByItsId() throws Exception {
    RawHttp.Answer answer =
        RawHttp.ask(
            settings.http().port(),
            "/v1/chat/completions",
            "{\"model\":\"gpt-4o-mini\",\"max_tokens\":2,"
                + "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}",
            "x-caravan-explain: true",
            "x-request-id: explain-me");
    String backend = answer.head().header("x-caravan-backend");
    assertThat(answer.head().header("x-caravan-explain")).startsWith(backend + " by ");
    HttpResponse<String> kept =
        get(URI.create(explain + "/" + answer.head().header("x-request-id")));
    assertThat(kept.statusCode()).as(kept.body()).isEqualTo(200);
    assertThat(JSON.readTree(kept.body()).at("/choices/0/winner").asText()).isEqualTo(backend);
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
