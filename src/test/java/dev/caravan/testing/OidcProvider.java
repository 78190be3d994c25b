package dev.caravan.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import org.jose4j.jwk.JsonWebKey.OutputControlLevel;
import org.jose4j.jwk.RsaJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jspecify.annotations.Nullable;

/** An OIDC provider on loopback: its discovery document and its keys. Tests sign its tokens. */
public class OidcProvider implements QuarkusTestResourceLifecycleManager {
  /** The setting in which tests find the key that signs. */
  public static final String KEY = "test.oidc.key";

  public static final String AUDIENCE = "caravan";

  private @Nullable HttpServer server;

  @Override
  public Map<String, String> start() {
    try {
      RsaJsonWebKey key = RsaJwkGenerator.generateJwk(2048);
      key.setKeyId("k1");
      key.setAlgorithm("RS256");
      HttpServer made =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server = made;
      String issuer = "http://127.0.0.1:" + made.getAddress().getPort() + "/realm";
      made.createContext(
          "/realm/.well-known/openid-configuration",
          exchange ->
              answer(
                  exchange,
                  "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\"}".formatted(issuer, issuer)));
      made.createContext(
          "/realm/keys",
          exchange ->
              answer(exchange, "{\"keys\":[" + key.toJson(OutputControlLevel.PUBLIC_ONLY) + "]}"));
      made.start();
      return Map.of(
          "quarkus.oidc.tenant-enabled",
          "true",
          "quarkus.oidc.auth-server-url",
          issuer,
          "quarkus.oidc.client-id",
          "caravan",
          "quarkus.oidc.token.audience",
          AUDIENCE,
          "quarkus.oidc.roles.role-claim-path",
          "groups",
          "quarkus.http.auth.roles-mapping.llm-ops",
          "operator",
          "quarkus.http.auth.roles-mapping.llm-watchers",
          "viewer",
          KEY,
          key.toJson(OutputControlLevel.INCLUDE_PRIVATE));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void answer(HttpExchange exchange, String json) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("content-type", "application/json");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void stop() {
    Objects.requireNonNull(server).stop(0);
  }
}
