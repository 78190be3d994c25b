package dev.caravan.testing;

import com.sun.net.httpserver.HttpServer;
import dev.caravan.time.WallClock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jwk.JsonWebKey.OutputControlLevel;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.lang.JoseException;
import org.jspecify.annotations.Nullable;

/**
 * An issuer of tokens on loopback, which may be away: its discovery document, its keys, and what
 * its tokens say. For one thread, but for what it is asked.
 */
public final class Issuer implements AutoCloseable {
  public static final String AUDIENCE = "caravan";

  private final int port = Ports.free();
  private final AtomicInteger tokens = new AtomicInteger();
  private final AtomicInteger asked = new AtomicInteger();
  private volatile String published = "{\"keys\":[]}";
  private @Nullable HttpServer server;

  /** A new key of that id. */
  public static PublicJsonWebKey key(String id) {
    try {
      PublicJsonWebKey key = RsaJwkGenerator.generateJwk(2048);
      key.setKeyId(id);
      return key;
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Its name, which is where it is. */
  public String name() {
    return "http://127.0.0.1:" + port + "/realm";
  }

  /** It can be reached from now on. */
  public void open() throws IOException {
    HttpServer made =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    answer(
        made,
        "/realm/.well-known/openid-configuration",
        () -> "{\"issuer\":\"" + name() + "\",\"jwks_uri\":\"" + name() + "/keys\"}");
    answer(
        made,
        "/realm/keys",
        () -> {
          asked.incrementAndGet();
          return published;
        });
    made.start();
    server = made;
  }

  private static void answer(HttpServer server, String path, Supplier<String> text) {
    server.createContext(
        path,
        exchange -> {
          byte[] body = text.get().getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
  }

  /** It cannot be reached any more. */
  public void away() {
    HttpServer open = server;
    server = null;
    if (open != null) {
      open.stop(0);
    }
  }

  /** How often it was asked for its keys. */
  public int asked() {
    return asked.get();
  }

  /** These are its keys from now on. */
  public void publish(PublicJsonWebKey... keys) {
    published =
        Arrays.stream(keys)
            .map(key -> key.toJson(OutputControlLevel.PUBLIC_ONLY))
            .collect(Collectors.joining(",", "{\"keys\":[", "]}"));
  }

  /** A token unlike all others, for an hour; {@code tenant} is its claim. */
  public String token(PublicJsonWebKey by, String tenant) throws JoseException {
    return token(by, tenant, claims -> {}, signature -> {});
  }

  /** The same with other claims, or signed in another way. */
  public String token(
      PublicJsonWebKey by,
      String tenant,
      Consumer<JwtClaims> change,
      Consumer<JsonWebSignature> sign)
      throws JoseException {
    JwtClaims claims = new JwtClaims();
    claims.setIssuer(name());
    claims.setAudience(AUDIENCE);
    claims.setSubject("ana");
    claims.setJwtId("token-" + tokens.incrementAndGet());
    claims.setClaim("tenant", tenant);
    claims.setExpirationTime(
        NumericDate.fromMilliseconds(WallClock.system().epochMillis() + 3_600_000));
    change.accept(claims);
    JsonWebSignature signature = new JsonWebSignature();
    signature.setPayload(claims.toJson());
    signature.setAlgorithmHeaderValue("RS256");
    signature.setKeyIdHeaderValue(by.getKeyId());
    signature.setKey(by.getPrivateKey());
    signature.setAlgorithmConstraints(AlgorithmConstraints.NO_CONSTRAINTS);
    sign.accept(signature);
    return signature.getCompactSerialization();
  }

  @Override
  public void close() {
    away();
  }
}
