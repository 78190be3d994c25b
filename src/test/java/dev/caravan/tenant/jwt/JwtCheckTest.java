package dev.caravan.tenant.jwt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.caravan.tenant.Client;
import dev.caravan.tenant.Denied;
import dev.caravan.tenant.Priority;
import dev.caravan.tenant.Quota;
import dev.caravan.tenant.Standing;
import dev.caravan.tenant.TokenChecks.Checked;
import dev.caravan.time.Ticker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.JsonWebKey.OutputControlLevel;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.keys.HmacKey;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which tokens count, and what they make of a client. */
@SuppressWarnings("NullAway.Init") // set before each test
class JwtCheckTest {
  private static final long NOW = Instant.parse("2026-01-01T00:00:00Z").toEpochMilli();
  private static final PublicJsonWebKey FIRST = rsa("k1");
  private static final PublicJsonWebKey SECOND = rsa("k2");

  private final AtomicLong now = new AtomicLong(NOW);
  private final AtomicReference<String> published = new AtomicReference<>("");
  private HttpServer server;
  private String issuer;
  private JwtCheck check;

  private static PublicJsonWebKey rsa(String id) {
    try {
      PublicJsonWebKey key = RsaJwkGenerator.generateJwk(2048);
      key.setKeyId(id);
      return key;
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    issuer = "http://127.0.0.1:" + server.getAddress().getPort() + "/realm";
    answer(
        "/realm/.well-known/openid-configuration",
        () -> "{\"issuer\":\"" + issuer + "\",\"jwks_uri\":\"" + issuer + "/keys\"}");
    answer("/realm/keys", published::get);
    server.start();
    publish(FIRST);
    check = check(name -> null);
  }

  private void answer(String path, java.util.function.Supplier<String> text) {
    server.createContext(
        path,
        exchange -> {
          byte[] body = text.get().getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void publish(PublicJsonWebKey... keys) {
    published.set(
        "{\"keys\":["
            + String.join(
                ",",
                java.util.Arrays.stream(keys)
                    .map(key -> key.toJson(OutputControlLevel.PUBLIC_ONLY))
                    .toList())
            + "]}");
  }

  private JwtCheck check(JwtSettings.Tenants tenants) {
    return new JwtCheck(
        new JwtSettings(
            issuer, List.of("caravan"), null, "tenant", "pools", "priority", "quota", 30),
        tenants,
        now::get,
        Ticker.system());
  }

  private JwtClaims claims() {
    JwtClaims claims = new JwtClaims();
    claims.setIssuer(issuer);
    claims.setAudience("caravan");
    claims.setSubject("ana");
    claims.setClaim("tenant", "acme");
    claims.setExpirationTime(NumericDate.fromMilliseconds(NOW + 60_000));
    return claims;
  }

  private String token(Consumer<JwtClaims> change, Consumer<JsonWebSignature> sign)
      throws JoseException {
    JwtClaims claims = claims();
    change.accept(claims);
    JsonWebSignature signature = new JsonWebSignature();
    signature.setPayload(claims.toJson());
    signature.setAlgorithmHeaderValue("RS256");
    signature.setKeyIdHeaderValue("k1");
    signature.setKey(FIRST.getPrivateKey());
    signature.setAlgorithmConstraints(AlgorithmConstraints.NO_CONSTRAINTS);
    sign.accept(signature);
    return signature.getCompactSerialization();
  }

  private Standing who(Consumer<JwtClaims> change) throws JoseException {
    return check.check(token(change, signature -> {})).who();
  }

  private Standing whoSigned(Consumer<JsonWebSignature> sign) throws JoseException {
    return check.check(token(claims -> {}, sign)).who();
  }

  @Test
  void check_aGoodToken_isItsTenant_untilItExpires() throws JoseException {
    Checked checked =
        check.check(
            token(
                claims -> {
                  claims.setClaim("pools", List.of("llama", "qwen"));
                  claims.setClaim("priority", "interactive");
                  claims.setClaim("quota", Map.of("requestsPerMinute", 5));
                },
                signature -> {}));
    assertThat(checked.who())
        .isEqualTo(
            new Client(
                "acme",
                new Client("acme", Quota.UNLIMITED).id(),
                "jwt:ana",
                Priority.INTERACTIVE,
                Set.of("llama", "qwen"),
                new Quota(5, 0, 0, 0),
                false,
                false));
    assertThat(checked.untilMillis()).isEqualTo(NOW + 90_000);
  }

  @Test
  void check_whatTheIssuerDidNotSign_isNobody() throws JoseException {
    assertThat(whoSigned(s -> s.setKey(SECOND.getPrivateKey()))).isEqualTo(Denied.UNKNOWN);
    String good = token(claims -> {}, signature -> {});
    String other = token(claims -> claims.setClaim("tenant", "beta"), signature -> {});
    String[] a = good.split("\\.", -1);
    String[] b = other.split("\\.", -1);
    assertThat(check.check(a[0] + "." + b[1] + "." + a[2]).who()).isEqualTo(Denied.UNKNOWN);
    assertThat(check.check(a[0] + "." + a[1] + ".").who()).isEqualTo(Denied.UNKNOWN);
    assertThat(check.check("eyJhbGciOiJ.x.y").who()).isEqualTo(Denied.UNKNOWN);
  }

  @Test
  void check_withoutSignature_orByAPublicKeyAsSecret_isNobody() throws JoseException {
    assertThat(
            whoSigned(
                s -> {
                  s.setAlgorithmHeaderValue("none");
                  s.setKey(null);
                }))
        .isEqualTo(Denied.UNKNOWN);
    byte[] known = FIRST.getPublicKey().getEncoded();
    assertThat(
            whoSigned(
                s -> {
                  s.setAlgorithmHeaderValue("HS256");
                  s.setKey(new HmacKey(known));
                }))
        .isEqualTo(Denied.UNKNOWN);
  }

  @Test
  void check_ofAnotherIssuerOrForOthers_isNobody() throws JoseException {
    assertThat(who(claims -> claims.setIssuer(issuer + "x"))).isEqualTo(Denied.UNKNOWN);
    assertThat(who(claims -> claims.setAudience("other"))).isEqualTo(Denied.UNKNOWN);
    assertThat(who(claims -> claims.unsetClaim("aud"))).isEqualTo(Denied.UNKNOWN);
    assertThat(who(claims -> claims.setAudience("other", "caravan"))).isInstanceOf(Client.class);
  }

  @Test
  void check_time_countsWithTheLeeway() throws JoseException {
    now.set(NOW + 89_000);
    assertThat(who(claims -> {})).isInstanceOf(Client.class);
    now.set(NOW + 91_000);
    assertThat(who(claims -> {})).isEqualTo(Denied.EXPIRED);
    now.set(NOW);
    assertThat(who(claims -> claims.unsetClaim("exp"))).isEqualTo(Denied.UNKNOWN);
    NumericDate soon = NumericDate.fromMilliseconds(NOW + 20_000);
    assertThat(who(claims -> claims.setNotBefore(soon))).isInstanceOf(Client.class);
    NumericDate later = NumericDate.fromMilliseconds(NOW + 40_000);
    assertThat(who(claims -> claims.setNotBefore(later))).isEqualTo(Denied.UNKNOWN);
  }

  @Test
  void check_claimsThatCannotBe_areNobody() throws JoseException {
    assertThat(who(claims -> claims.unsetClaim("tenant"))).isEqualTo(Denied.UNKNOWN);
    assertThat(who(claims -> claims.setClaim("tenant", "a b"))).isEqualTo(Denied.UNKNOWN);
    assertThat(who(claims -> claims.setClaim("pools", List.of()))).isEqualTo(Denied.UNKNOWN);
    assertThat(who(claims -> claims.setClaim("pools", "  "))).isEqualTo(Denied.UNKNOWN);
    assertThat(who(claims -> claims.setClaim("priority", "urgent"))).isEqualTo(Denied.UNKNOWN);
  }

  @Test
  void check_aNewKeyOfTheIssuer_isFetched() throws JoseException {
    assertThat(who(claims -> {})).isInstanceOf(Client.class);
    publish(FIRST, SECOND);
    // A fresh check: one that has just fetched keys waits before it does so again.
    check = check(name -> null);
    assertThat(
            whoSigned(
                s -> {
                  s.setKeyIdHeaderValue("k2");
                  s.setKey(SECOND.getPrivateKey());
                }))
        .isInstanceOf(Client.class);
  }

  @Test
  void check_ellipticKeys_count() throws JoseException {
    PublicJsonWebKey curve = EcJwkGenerator.generateJwk(EllipticCurves.P256);
    curve.setKeyId("e1");
    publish(curve);
    assertThat(
            whoSigned(
                s -> {
                  s.setAlgorithmHeaderValue("ES256");
                  s.setKeyIdHeaderValue("e1");
                  s.setKey(curve.getPrivateKey());
                }))
        .isInstanceOf(Client.class);
  }

  @Test
  void check_withoutTheIssuer_isUnchecked_andWorksWhenItIsBack() throws JoseException {
    published.set("no keys");
    server.removeContext("/realm/keys");
    assertThat(who(claims -> {})).isEqualTo(Denied.UNCHECKED);
    publish(FIRST);
    answer("/realm/keys", published::get);
    check = check(name -> null);
    assertThat(who(claims -> {})).isInstanceOf(Client.class);
  }

  @Test
  void check_whatTheOperatorSaysOfTheTenant_goesFirst() throws JoseException {
    Client said =
        new Client(
            "acme",
            7,
            "",
            Priority.DEFAULT,
            Set.of("llama", "phi"),
            new Quota(9, 0, 0, 0),
            true,
            true);
    check = check(name -> name.equals("acme") ? said : null);
    Client client =
        (Client)
            who(
                claims -> {
                  claims.setClaim("pools", "llama qwen");
                  claims.setClaim("priority", "interactive");
                  claims.setClaim("quota", Map.of("requestsPerMinute", 1000));
                });
    assertThat(client.pools()).containsExactly("llama");
    assertThat(client.highest()).isEqualTo(Priority.DEFAULT);
    assertThat(client.quota()).isEqualTo(new Quota(9, 0, 0, 0));
    assertThat(client.listed()).isTrue();
    assertThat(who(claims -> claims.setClaim("pools", "qwen"))).isEqualTo(Denied.UNKNOWN);
  }

  @Test
  void settings_thatAreNotSafe_areRefused() {
    for (String url : List.of("http://login.example.com", "ftp://x", "no url", "https:/x")) {
      assertThatThrownBy(() -> new JwtSettings(url, List.of("a"), null, "t", "p", "r", "q", 30))
          .hasMessageContaining("issuer");
    }
    assertThatThrownBy(
            () -> new JwtSettings("https://x.example", List.of(), null, "t", "p", "r", "q", 30))
        .hasMessageContaining("audience is missing");
  }
}
