package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.OidcProvider;
import dev.caravan.testing.Ports;
import dev.caravan.testing.RawHttp;
import dev.caravan.time.WallClock;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jwk.RsaJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may use the management port: nobody without credentials, each role what it may. */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // Quarkus sets the fields
@TestProfile(AdminAccessTest.WithTokensAndOidc.class)
class AdminAccessTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final java.nio.file.Path TOKENS =
      java.nio.file.Path.of("target", "test-admin", "tokens");

  private static final String VIEWER = "a".repeat(64);
  private static final String OPERATOR = "b".repeat(64);
  private static final String LISTED = "c".repeat(64);

  /** Tokens in a file and in the settings, and an OIDC provider; nothing is open. */
  public static class WithTokensAndOidc implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        Files.createDirectories(TOKENS.getParent());
        write(line("vera", "viewer", VIEWER), line("ana", "operator", OPERATOR));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      return Map.of(
          "caravan.admin.auth.tokens", line("lisa", "viewer", LISTED),
          "caravan.admin.auth.tokens-file", TOKENS.toString(),
          "caravan.admin.open-metrics", "false",
          "caravan.demo.enabled", "true",
          "caravan.demo.speedup", "50",
          "caravan.http.host", "127.0.0.1",
          "caravan.http.port", Integer.toString(Ports.free()),
          "quarkus.http.test-port", "0",
          "caravan.queue.amqp.password", "canary-of-the-broker",
          "caravan.access-log.path", "target/test-logs/access.log");
    }

    @Override
    public List<TestResourceEntry> testResources() {
      return List.of(new TestResourceEntry(OidcProvider.class));
    }
  }

  @Inject Settings settings;

  @TestHTTPResource("/")
  URI management;

  @ConfigProperty(name = OidcProvider.KEY)
  String key;

  @ConfigProperty(name = "quarkus.oidc.auth-server-url")
  String issuer;

  private static String line(String name, String role, String token) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
      return name + " " + role + " sha256:" + HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void write(String... lines) throws IOException {
    Files.writeString(TOKENS, "# who may\n" + String.join("\n", lines) + "\n");
  }

  private RawHttp.Answer send(String method, String path, @Nullable String token, String... headers)
      throws IOException {
    StringBuilder head = new StringBuilder(method + " " + path + " HTTP/1.1\r\nhost: test\r\n");
    if (token != null) {
      head.append("authorization: Bearer ").append(token).append("\r\n");
    }
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    String body = path.endsWith("/weight") && method.equals("PUT") ? "{\"weight\":2}" : "";
    if (!body.isEmpty()) {
      head.append("content-type: application/json\r\n");
    }
    head.append("content-length: ").append(body.length()).append("\r\nconnection: close\r\n\r\n");
    try (RawHttp connection = new RawHttp(management.getPort())) {
      return connection.send(head + body).answer();
    }
  }

  private JsonNode json(RawHttp.Answer answer) throws IOException {
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return JSON.readTree(answer.text());
  }

  // ---- every endpoint, every role

  @ParameterizedTest
  @CsvSource({
    "GET, /admin/overview",
    "GET, /admin/history?server=swift",
    "GET, /admin/history?pool=llama-3.1-8b",
    "GET, /admin/servers",
    "GET, /admin/servers/swift",
    "GET, /admin/overrides",
    "GET, /admin/limits",
    "GET, /admin/decisions",
    "GET, /admin/explain?pool=llama-3.1-8b",
    "GET, /admin/routes",
    "GET, /admin/configuration",
    "GET, /q/openapi",
    "GET, /q/metrics",
  })
  void whatIsRead_isForBothRoles_andNobodyElse(String method, String path) throws IOException {
    if (path.contains("history")) { // there is one as soon as the first second is over
      await().atMost(LONG).until(() -> send(method, path, VIEWER).status() == 200);
    }
    assertThat(send(method, path, null).status()).isEqualTo(401);
    assertThat(send(method, path, "d".repeat(64)).status()).isEqualTo(401);
    assertThat(send(method, path, VIEWER).status()).isEqualTo(200);
    assertThat(send(method, path, LISTED).status()).isEqualTo(200);
    assertThat(send(method, path, OPERATOR).status()).isEqualTo(200);
  }

  @Test
  void metrics_inOpenMetrics_areBehindTheSameLock() throws IOException {
    String accept = "accept: application/openmetrics-text; version=1.0.0";
    assertThat(send("GET", "/q/metrics", null, accept).status()).isEqualTo(401);
    RawHttp.Answer answer = send("GET", "/q/metrics", VIEWER, accept);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).endsWith("# EOF\n");
  }

  @ParameterizedTest
  @CsvSource({
    "PUT, /admin/servers/slow/drain",
    "DELETE, /admin/servers/slow/drain",
    "PUT, /admin/servers/slow/eject",
    "DELETE, /admin/servers/slow/eject",
    "PUT, /admin/servers/slow/weight",
    "DELETE, /admin/servers/slow/weight",
    "PUT, /admin/servers/slow/probe",
    "DELETE, /admin/overrides",
  })
  void whatChangesSomething_isForOperatorsAlone(String method, String path) throws IOException {
    assertThat(send(method, path, null).status()).isEqualTo(401);
    assertThat(send(method, path, "d".repeat(64)).status()).isEqualTo(401);
    RawHttp.Answer refused = send(method, path, VIEWER);
    assertThat(refused.status()).as(refused.text()).isEqualTo(403);
    RawHttp.Answer done = send(method, path, OPERATOR);
    assertThat(done.status()).as(done.text()).isEqualTo(200);
    send("DELETE", "/admin/overrides", OPERATOR);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/q/health", "/q/health/live", "/q/health/ready"})
  void health_isForEverybody(String path) throws IOException {
    assertThat(send("GET", path, null).status()).isEqualTo(200);
  }

  @Test
  void unknownPaths_tellNobodyAnything() throws IOException {
    for (String path :
        List.of("/admin", "/admin/", "/admin/nothing", "/q/nothing", "/q/info", "/q/arc")) {
      assertThat(send("GET", path, null).status()).as(path).isEqualTo(401);
      assertThat(send("GET", path, OPERATOR).status()).as(path).isIn(404, 401);
    }
    assertThat(send("GET", "/nothing", null).status()).isEqualTo(404);
    assertThat(send("POST", "/nothing", null).status()).isEqualTo(401);
  }

  // ---- ways around

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/admin/overview;x=1",
        "/admin;x/overview",
        "/;/admin/overview",
        "/admin/overview%3Bx",
        "/admin%2Foverview",
        "/admin%2foverview",
        "/admin%5Coverview",
        "//admin/overview",
        "/admin//overview",
        "///admin///overview",
        "/./admin/overview",
        "/x/../admin/overview",
        "/x/%2e%2e/admin/overview",
        "/q/health/../../admin/overview",
        "/q/health/..;/..;/admin/overview",
        "/q/health/..%2f..%2fadmin/overview",
        "/q/health;/../../admin/overview",
        "/%61dmin/overview",
        "/%2561dmin/overview",
        "/ADMIN/overview",
        "/Admin/Overview",
        "/admin/overview/",
        "/admin/overview%20",
        "/admin/overview%00",
        "/admin/overview.json",
        "/admin/overview?x=/q/health",
        "/admin/overview#/q/health",
        "/q/../admin/overview",
        "/q/openapi;x",
        "/q//openapi",
        "/q/openapi.json",
        "/q/metrics;x",
        "/q/metrics/",
        "/Q/metrics",
        "http://test/admin/overview",
        "http://evil/admin/overview",
      })
  void paths_thatAreReadInTwoWays_openNothing(String path) throws IOException {
    RawHttp.Answer answer = send("GET", path, null);
    assertThat(answer.status()).as(answer.text()).isIn(400, 401, 404);
    assertThat(answer.text()).doesNotContain("swift", "openapi", "caravan_");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x-http-method-override: GET",
        "x-http-method: GET",
        "x-method-override: GET",
        "x-original-url: /q/health",
        "x-rewrite-url: /q/health",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-prefix: /q/health",
        "forwarded: for=127.0.0.1",
        "authorization: Basic YW5hOg==",
        "authorization: Bearer",
        "authorization: bearer null",
        "authorization: Bearer eyJhbGciOiJub25lIn0.e30.",
        "cookie: q_session=x",
      })
  void headers_openNothing(String header) throws IOException {
    assertThat(send("PUT", "/admin/servers/slow/drain", null, header).status()).isEqualTo(401);
    assertThat(send("GET", "/admin/servers", null, header).status()).isEqualTo(401);
  }

  @Test
  void methods_thatNobodyNamed_openNothing() throws IOException {
    for (String method : List.of("POST", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get")) {
      assertThat(sent(method, null)).as(method).isIn(400, 401, 405, 501);
      assertThat(sent(method, VIEWER)).as(method).isIn(400, 401, 403, 404, 405, 501, 200);
    }
    assertThat(json(send("GET", "/admin/servers/slow", VIEWER)).at("/override").isNull()).isTrue();
  }

  /** The status alone: an answer to HEAD has no body. */
  private int sent(String method, @Nullable String token) throws IOException {
    String authorization = token == null ? "" : "authorization: Bearer " + token + "\r\n";
    try (RawHttp connection = new RawHttp(management.getPort())) {
      return connection
          .send(
              method
                  + " /admin/servers/slow/drain HTTP/1.1\r\nhost: test\r\n"
                  + authorization
                  + "content-length: 0\r\n\r\n")
          .head()
          .status();
    }
  }

  @Test
  void inferencePort_hasNoneOfIt() throws IOException {
    for (String path : List.of("/admin/overview", "/admin/servers", "/q/openapi", "/q/health")) {
      RawHttp.Answer answer =
          RawHttp.ask(settings.http().port(), path, null, "authorization: Bearer " + OPERATOR);
      assertThat(answer.status()).as(path).isEqualTo(404);
    }
  }

  // ---- tokens

  @Test
  void tokensFile_isReadAgain_andAStreamEndsWithItsToken() throws Exception {
    String shortLived = "e".repeat(64);
    assertThat(send("GET", "/admin/servers", shortLived).status()).isEqualTo(401);
    write(
        line("vera", "viewer", VIEWER),
        line("ana", "operator", OPERATOR),
        line("bob", "viewer", shortLived));
    await().atMost(LONG).until(() -> send("GET", "/admin/servers", shortLived).status() == 200);
    try (RawHttp stream = new RawHttp(management.getPort())) {
      stream.get(
          "/admin/overview/stream", "connection: close", "authorization: Bearer " + shortLived);
      assertThat(stream.head().header("content-type")).startsWith("text/event-stream");
      String first = stream.chunk().text();
      assertThat(first).contains("event:overview", "\"name\":\"bob\"");
      write(line("vera", "viewer", VIEWER), line("ana", "operator", OPERATOR));
      stream.rest(); // comes to its end
    }
    assertThat(send("GET", "/admin/servers", shortLived).status()).isEqualTo(401);
  }

  // ---- OIDC

  private String token(Consumer<JwtClaims> change) throws Exception {
    return token(change, (RsaJsonWebKey) RsaJsonWebKey.Factory.newPublicJwk(key), "RS256");
  }

  private String token(Consumer<JwtClaims> change, RsaJsonWebKey with, String algorithm)
      throws Exception {
    long now = WallClock.system().epochMillis() / 1000;
    JwtClaims claims = new JwtClaims();
    claims.setIssuer(issuer);
    claims.setAudience(OidcProvider.AUDIENCE);
    claims.setSubject("42");
    claims.setStringClaim("preferred_username", "olga");
    claims.setIssuedAt(NumericDate.fromSeconds(now));
    claims.setExpirationTime(NumericDate.fromSeconds(now + 300));
    claims.setStringListClaim("groups", List.of("llm-ops"));
    change.accept(claims);
    JsonWebSignature signed = new JsonWebSignature();
    signed.setPayload(claims.toJson());
    signed.setAlgorithmHeaderValue(algorithm);
    if (algorithm.equals("none")) {
      signed.setAlgorithmConstraints(AlgorithmConstraints.NO_CONSTRAINTS);
    } else {
      signed.setKeyIdHeaderValue("k1");
      signed.setKey(with.getPrivateKey());
    }
    return signed.getCompactSerialization();
  }

  private int asked(String token) throws IOException {
    return send("GET", "/admin/servers", token).status();
  }

  @Test
  void oidc_goodToken_hasTheRolesOfItsGroups() throws Exception {
    JsonNode user = json(send("GET", "/admin/overview", token(claims -> {}))).at("/user");
    assertThat(user.at("/name").asText()).isEqualTo("olga");
    assertThat(user.at("/roles").toString()).isEqualTo("[\"viewer\",\"operator\"]");
    String watcher = token(claims -> claims.setStringListClaim("groups", List.of("llm-watchers")));
    assertThat(asked(watcher)).isEqualTo(200);
    assertThat(send("PUT", "/admin/servers/slow/drain", watcher).status()).isEqualTo(403);
    String nobody = token(claims -> claims.setStringListClaim("groups", List.of("sales")));
    assertThat(asked(nobody)).isEqualTo(403);
  }

  @Test
  void oidc_badTokens_areRefused() throws Exception {
    RsaJsonWebKey other = RsaJwkGenerator.generateJwk(2048);
    assertThat(asked(token(c -> c.setAudience("other")))).as("audience").isEqualTo(401);
    assertThat(asked(token(c -> c.unsetClaim("aud")))).as("no audience").isEqualTo(401);
    assertThat(asked(token(c -> c.setIssuer("http://evil")))).as("issuer").isEqualTo(401);
    assertThat(asked(token(c -> c.setExpirationTime(NumericDate.fromSeconds(1_000_000)))))
        .as("expired")
        .isEqualTo(401);
    assertThat(asked(token(c -> {}, other, "RS256"))).as("key").isEqualTo(401);
    assertThat(asked(token(c -> {}, other, "none"))).as("no signature").isEqualTo(401);
    String good = token(c -> {});
    assertThat(asked(good.substring(0, good.lastIndexOf('.') + 1))).as("cut").isEqualTo(401);
    assertThat(asked(good)).isEqualTo(200);
  }

  // ---- what is told

  @Test
  void audit_saysWhoDidWhat_andWhoWasNotLet() throws Exception {
    try (CapturedLog log = CapturedLog.of("dev.caravan.audit")) {
      send("PUT", "/admin/servers/slow/weight", OPERATOR);
      send("PUT", "/admin/servers/slow/weight", OPERATOR);
      send("DELETE", "/admin/servers/slow/weight", OPERATOR);
      send("PUT", "/admin/servers/no%0Abody/drain", OPERATOR);
      // Of refusals in quick succession, as tests before may have had them, one is told.
      List<JsonNode> lines =
          await()
              .atMost(LONG)
              .until(
                  () -> {
                    send("PUT", "/admin/servers/slow/eject", VIEWER);
                    return parsed(log.lines());
                  },
                  all ->
                      all.stream().anyMatch(line -> line.at("/result").asText().equals("refused")));
      assertThat(lines.get(0).at("/who").asText()).isEqualTo("ana");
      assertThat(lines.get(0).at("/how").asText()).isEqualTo("token");
      assertThat(lines.get(0).at("/from").asText()).isEqualTo("127.0.0.1");
      assertThat(lines.get(0).at("/what").asText()).isEqualTo("weight");
      assertThat(lines.get(0).at("/server").asText()).isEqualTo("slow");
      assertThat(lines.get(0).at("/before").isNull()).isTrue();
      assertThat(lines.get(0).at("/after/weight").asInt()).isEqualTo(2);
      assertThat(lines.get(0).at("/result").asText()).isEqualTo("done");
      assertThat(lines.get(1).at("/result").asText()).isEqualTo("unchanged");
      assertThat(lines.get(2).at("/before/weight").asInt()).isEqualTo(2);
      assertThat(lines.get(2).at("/after").isNull()).isTrue();
      JsonNode refused = one(lines, "refused");
      assertThat(refused.at("/who").asText()).isEqualTo("vera");
      assertThat(refused.at("/what").asText()).isEqualTo("PUT /admin/servers/slow/eject");
      assertThat(refused.at("/status").asInt()).isEqualTo(403);
      assertThat(one(lines, "no such server").at("/server").asText()).isEqualTo("no\nbody");
      assertThat(log.lines()).allSatisfy(line -> assertThat(line).doesNotContain("\n"));
    }
  }

  private static List<JsonNode> parsed(List<String> lines) throws IOException {
    List<JsonNode> all = new ArrayList<>();
    for (String line : lines) {
      all.add(JSON.readTree(line.substring(line.indexOf('{'))));
    }
    return all;
  }

  private static JsonNode one(List<JsonNode> lines, String result) {
    return lines.stream()
        .filter(line -> line.at("/result").asText().equals(result))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void configuration_hidesSecrets() throws IOException {
    RawHttp.Answer answer = send("GET", "/admin/configuration", VIEWER);
    assertThat(answer.text())
        .contains("{\"name\":\"caravan.queue.amqp.password\",\"value\":\"***\"")
        .contains("{\"name\":\"caravan.attempts\",\"value\":\"3\"")
        .doesNotContain("canary", "sha256:");
  }

  @Test
  void overrides_areListed_andTakenBackTogether() throws IOException {
    send("PUT", "/admin/servers/slow/weight", OPERATOR);
    send("PUT", "/admin/servers/steady/drain", OPERATOR);
    JsonNode set = json(send("GET", "/admin/overrides", VIEWER)).at("/overrides");
    assertThat(set).hasSize(2);
    assertThat(set.at("/0/server").asText()).isEqualTo("slow");
    assertThat(set.at("/0/weight").asInt()).isEqualTo(2);
    assertThat(set.at("/0/present").asBoolean()).isTrue();
    assertThat(set.at("/1/drain").asBoolean()).isTrue();
    assertThat(set.at("/1/by").asText()).isEqualTo("ana");
    assertThat(json(send("DELETE", "/admin/overrides", OPERATOR)).at("/overrides")).isEmpty();
    assertThat(json(send("GET", "/admin/servers/slow", VIEWER)).at("/override").isNull()).isTrue();
    JsonNode overview = json(send("GET", "/admin/overview", VIEWER));
    assertThat(overview.at("/changes").toString())
        .contains("\"what\":\"override\",\"name\":\"steady\"", "\"reason\":\"by ana\"");
  }

  @Test
  void openApi_namesEveryPath_andWhatItNeeds() throws IOException {
    JsonNode document = json(send("GET", "/q/openapi?format=json", VIEWER));
    Set<String> documented = new TreeSet<>();
    document
        .at("/paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(
                        method ->
                            documented.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
    assertThat(documented).containsAll(served()).contains("GET /admin/overview/stream");
    assertThat(document.at("/components/securitySchemes")).isNotEmpty();
    document
        .at("/paths")
        .forEach(path -> path.forEach(each -> assertThat(each.at("/security")).isNotEmpty()));
  }

  /** Method and path of everything that the resources serve, as they are annotated. */
  private static Set<String> served() {
    Set<String> served = new TreeSet<>();
    for (JavaClass resource : new ClassFileImporter().importPackages("dev.caravan.admin")) {
      if (!resource.isAnnotatedWith(Path.class)) {
        continue;
      }
      String base = resource.getAnnotationOfType(Path.class).value();
      for (JavaMethod each : resource.getMethods()) {
        String path =
            each.isAnnotatedWith(Path.class) ? each.getAnnotationOfType(Path.class).value() : "";
        for (Class<? extends Annotation> method :
            List.of(GET.class, PUT.class, POST.class, DELETE.class)) {
          if (each.isAnnotatedWith(method)) {
            served.add(method.getSimpleName() + " " + base + path);
          }
        }
      }
    }
    return served;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "{}",
        "{\"weight\":\"x\"}",
        "{\"weight\":0}",
        "{\"weight\":2.5}",
        "{\"weight\":257}",
        "{\"weight\":null}",
        "{\"weight\":1e99999}",
      })
  void weight_thatIsNone_isAProblem_andChangesNothing(String body) throws IOException {
    try (RawHttp connection = new RawHttp(management.getPort())) {
      RawHttp.Answer answer =
          connection
              .send(
                  "PUT /admin/servers/slow/weight HTTP/1.1\r\nhost: test\r\nauthorization: Bearer "
                      + OPERATOR
                      + "\r\ncontent-type: application/json\r\ncontent-length: "
                      + body.length()
                      + "\r\n\r\n"
                      + body)
              .answer();
      assertThat(answer.status()).as(answer.text()).isEqualTo(400);
      assertThat(answer.head().header("content-type")).startsWith("application/problem+json");
      assertThat(JSON.readTree(answer.text()).at("/status").asInt()).isEqualTo(400);
    }
    assertThat(json(send("GET", "/admin/servers/slow", VIEWER)).at("/override").isNull()).isTrue();
  }
}
