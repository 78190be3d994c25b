package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.admin.Contract;
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
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
      return Map.ofEntries(
          Map.entry("caravan.admin.open-on-loopback", "true"),
          Map.entry("caravan.demo.enabled", "true"),
          Map.entry("caravan.demo.speedup", "50"),
          Map.entry("caravan.http.host", "127.0.0.1"),
          Map.entry("caravan.http.port", Integer.toString(Ports.free())),
          Map.entry("caravan.explain.header", "true"),
          Map.entry("caravan.tracing.enabled", "true"),
          Map.entry("caravan.tracing.sample", "1.0"),
          // Nobody takes the spans: that harms no request.
          Map.entry("caravan.tracing.endpoint", "http://127.0.0.1:1/v1/traces"),
          Map.entry("quarkus.http.test-port", "0"),
          Map.entry("caravan.access-log.path", "target/test-logs/access.log"));
    }
  }

  @Inject Settings settings;

  @TestHTTPResource("/")
  URI page;

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
    assertThat(scraped.body()).contains("gen_ai_server_request_duration_seconds_bucket{");
    String prometheus =
        "application/openmetrics-text;version=1.0.0;q=0.5,"
            + "application/openmetrics-text;version=0.0.1;q=0.4,"
            + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    for (String accept : List.of("application/openmetrics-text", prometheus)) {
      assertThat(scrape(accept))
          .containsPattern(
              "caravan_backend_ttft_seconds_bucket\\{.* # \\{.*trace_id=\"[0-9a-f]{32}\"")
          .containsPattern(
              "caravan_request_duration_seconds_bucket\\{.* # \\{.*trace_id=\"[0-9a-f]{32}\"")
          .endsWith("# EOF\n");
    }
    assertThat(scrape("text/plain, */*;q=0.1")).doesNotContain("trace_id");
  }

  private String scrape(String accept) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(metrics).header("Accept", accept).build();
    HttpResponse<String> answer =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body() + answer.headers().map()).isEqualTo(200);
    return answer.body();
  }

  @Test
  void dashboard_isServed_withItsLibrary_andItsPolicy() throws Exception {
    HttpResponse<String> index = get(page);
    assertThat(index.statusCode()).isEqualTo(200);
    assertThat(index.body()).contains("The road of requests");
    assertThat(index.headers().allValues("content-security-policy"))
        .singleElement()
        .asString()
        .startsWith("default-src 'self';");
    assertThat(index.headers().allValues("cache-control")).containsExactly("no-cache");
    HttpResponse<String> module = get(page.resolve("js/main.js"));
    assertThat(module.statusCode()).isEqualTo(200);
    assertThat(module.headers().firstValue("content-type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("text/javascript"));
    HttpResponse<String> library = get(page.resolve("webjars/uplot/1.6.30/dist/uPlot.esm.js"));
    assertThat(library.statusCode()).isEqualTo(200);
    assertThat(get(live).headers().firstValue("content-security-policy")).isEmpty();
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
  void overviewAndHistory_areWhatTheDashboardReads() throws Exception {
    RawHttp.ask(
        settings.http().port(),
        "/v1/chat/completions",
        "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}");
    HttpResponse<String> overview = get(servers.resolve("/admin/overview"));
    assertThat(overview.statusCode()).isEqualTo(200);
    assertThat(Contract.OVERVIEW.faults(overview.body())).isEmpty();
    assertThat(new ObjectMapper().readTree(overview.body()).at("/routes")).isNotEmpty();
    HttpResponse<String> history = get(servers.resolve("/admin/history?server=swift"));
    assertThat(history.statusCode()).isEqualTo(200);
    assertThat(Contract.HISTORY.faults(history.body())).isEmpty();
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
    assertThat(JSON.readTree(answer.body()).at("/detail").asText()).startsWith(start);
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
        .contains("{\"name\":\"slow\",\"url\":\"http://")
        .contains("\"name\":\"steady\"", "\"name\":\"swift\"");
    HttpResponse<String> drained = drain("PUT", "swift");
    assertThat(drained.statusCode()).isEqualTo(200);
    assertThat(drained.body())
        .contains("\"state\":\"draining\"", "\"reason\":\"drained by local\"")
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
    assertThat(nobody.body()).contains("\"detail\":\"no model: server of that name\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "host: evil.example",
        "host: localhost.evil.example",
        "host: 127.0.0.1.evil.example",
        "host: 10.0.0.1",
        "host: localhost\r\norigin: http://evil.example",
        "host: localhost\r\norigin: http://localhost:3000",
        "host: localhost\r\norigin: null",
        "host: localhost\r\norigin: http://localhost\r\norigin: http://evil.example",
        "host: localhost\r\nsec-fetch-site: cross-site",
        "host: localhost\r\nsec-fetch-site: same-site",
        "host: localhost\r\nx-forwarded-for: 127.0.0.1",
        "host: localhost\r\nforwarded: for=127.0.0.1",
        "host: localhost\r\nvia: 1.1 proxy",
        "host: localhost\r\nauthorization: Bearer wrong",
      })
  void openOnLoopback_isForNoPageOfAnotherHost_andForNoProxy(String headers) throws Exception {
    assertThat(managed("GET", headers)).isEqualTo(401);
    assertThat(managed("PUT", headers)).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "host: localhost",
        "host: LOCALHOST:9090",
        "host: 127.0.0.1",
        "host: [::1]:9090",
        "host: localhost:9090\r\norigin: http://localhost:9090\r\nsec-fetch-site: same-origin",
        "host: localhost\r\nsec-fetch-site: none",
      })
  void openOnLoopback_isForWhoeverIsHere(String headers) throws Exception {
    assertThat(managed("GET", headers)).isEqualTo(200);
  }

  private int managed(String method, String headers) throws Exception {
    try (RawHttp connection = new RawHttp(servers.getPort())) {
      return connection
          .send(
              method
                  + " /admin/servers/slow"
                  + (method.equals("PUT") ? "/drain" : "")
                  + " HTTP/1.1\r\n"
                  + headers
                  + "\r\ncontent-length: 0\r\n\r\n")
          .head()
          .status();
    }
  }

  @Test
  void probe_now_saysWhatCameOfIt() throws Exception {
    HttpResponse<String> probed =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(servers + "/steady/probe"))
                    .method("PUT", HttpRequest.BodyPublishers.noBody())
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(probed.statusCode()).as(probed.body()).isEqualTo(200);
    assertThat(probed.body()).startsWith("{\"result\":\"good\",\"reason\":\"\",\"millis\":");
    assertThat(JSON.readTree(probed.body()).at("/server/name").asText()).isEqualTo("steady");
  }
}
