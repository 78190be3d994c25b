package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.health.HandTicker;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.Issuer;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.util.HashMap;
import java.util.Map;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwt.NumericDate;
import org.jose4j.keys.HmacKey;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients show tokens of an issuer, which is there or away. */
class TokenAccessTest extends EndToEnd {
  private static final PublicJsonWebKey FIRST = Issuer.key("k1");
  private static final PublicJsonWebKey SECOND = Issuer.key("k2");

  /** The issuer is not asked twice within this, and never for its own sake before ten minutes. */
  private static final long PAUSE_MILLIS = 5_000;

  private final HandTicker ticker = new HandTicker();
  private final Issuer issuer = new Issuer();

  @SuppressWarnings("NullAway.Init") // before each test
  private SimulatedServer server;

  @BeforeEach
  void publish() {
    server = simulated("a");
    issuer.publish(FIRST);
  }

  @AfterEach
  void stop() {
    issuer.close();
  }

  private void startWith(String issuerName) throws Exception {
    Map<String, String> properties = new HashMap<>();
    properties.put("caravan.clients.jwt.issuer", issuerName);
    properties.put("caravan.clients.jwt.audience", Issuer.AUDIENCE);
    start(PoolYaml.single(server.uri()), properties, ticker);
  }

  private RawHttp.Answer askWith(String token) throws Exception {
    return ask(Chat.whole("hello"), "authorization: Bearer " + token);
  }

  private static void assertUnchecked(RawHttp.Answer answer) throws Exception {
    assertThat(answer.status()).isEqualTo(503);
    assertThat(Chat.json(answer.body()).at("/error/code").asText())
        .isEqualTo("credentials_unchecked");
    assertThat(answer.head().header("retry-after")).isEqualTo("1");
    assertThat(answer.head().header("www-authenticate")).isNull();
  }

  /** What is wrong with a token. */
  enum Wrong {
    ISSUER,
    AUDIENCE,
    EXPIRED,
    NO_SIGNATURE,
    SECRET,
    SIGNATURE,
    UNKNOWN_KEY,
    NO_TENANT
  }

  private String wrong(Wrong what) throws Exception {
    return switch (what) {
      case ISSUER -> issuer.token(FIRST, "acme", c -> c.setIssuer("http://127.0.0.1:1/x"), s -> {});
      case AUDIENCE -> issuer.token(FIRST, "acme", c -> c.setAudience("another"), s -> {});
      case EXPIRED ->
          issuer.token(
              FIRST,
              "acme",
              c -> c.setExpirationTime(NumericDate.fromSeconds(1_700_000_000)),
              s -> {});
      case NO_SIGNATURE ->
          issuer.token(
              FIRST,
              "acme",
              c -> {},
              s -> {
                s.setAlgorithmHeaderValue("none");
                s.setKey(null);
              });
      case SECRET ->
          issuer.token(
              FIRST,
              "acme",
              c -> {},
              s -> {
                s.setAlgorithmHeaderValue("HS256");
                s.setKey(new HmacKey(FIRST.getPublicKey().getEncoded()));
              });
      case SIGNATURE -> issuer.token(FIRST, "acme", c -> {}, s -> s.setKey(SECOND.getPrivateKey()));
      case UNKNOWN_KEY -> issuer.token(SECOND, "acme");
      case NO_TENANT -> issuer.token(FIRST, "not a name");
    };
  }

  @Test
  void goodToken_isAnswered_asItsTenant_andCheckedOnce() throws Exception {
    issuer.open();
    startWith(issuer.name());
    String token = issuer.token(FIRST, "acme");
    assertThat(askWith(token).status()).isEqualTo(200);
    assertThat(ask(Chat.whole("again"), "x-api-key: " + token).status()).isEqualTo(200);
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 2);
    assertThat(gateway().accessLog())
        .allMatch(line -> line.contains("\"tenant\":\"acme\"") && line.contains("jwt:ana"))
        .noneMatch(line -> line.contains(token));
    assertThat(issuer.asked()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void wrongToken_is401_toldAsSuch_andNothingIsSent(Wrong what) throws Exception {
    issuer.open();
    startWith(issuer.name());
    assertThat(askWith(issuer.token(FIRST, "acme")).status()).isEqualTo(200);
    String token = wrong(what);
    for (int i = 0; i < 2; i++) { // the second time from memory
      RawHttp.Answer answer = askWith(token);
      assertThat(answer.status()).isEqualTo(401);
      assertThat(answer.head().header("www-authenticate"))
          .isEqualTo("Bearer error=\"invalid_token\"");
      assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("invalid_api_key");
      assertThat(answer.text()).doesNotContain(token);
      assertThat(answer.text().contains("expired")).isEqualTo(what == Wrong.EXPIRED);
    }
    assertThat(ask(Chat.whole("hello")).head().header("www-authenticate")).isEqualTo("Bearer");
    assertThat(server.requests(Chat.PATH)).hasSize(1);
    assertThat(issuer.asked()).isEqualTo(1);
  }

  @Test
  void newKeyOfTheIssuer_isFetchedForTheTokenThatNamesIt_butNotAtOnce() throws Exception {
    issuer.open();
    startWith(issuer.name());
    assertThat(askWith(issuer.token(FIRST, "acme")).status()).isEqualTo(200);
    issuer.publish(SECOND);
    for (int i = 0; i < 20; i++) {
      assertThat(askWith(issuer.token(SECOND, "acme")).status()).isEqualTo(401);
    }
    assertThat(issuer.asked()).isEqualTo(1);
    ticker.pass(PAUSE_MILLIS);
    assertThat(askWith(issuer.token(SECOND, "acme")).status()).isEqualTo(200);
    assertThat(issuer.asked()).isEqualTo(2);
    // What is not published any more signs nothing.
    assertThat(askWith(issuer.token(FIRST, "acme")).status()).isEqualTo(401);
  }

  @Test
  void issuerThatIsAwayAtTheStart_is503_untilItIsThere() throws Exception {
    startWith(issuer.name());
    String token = issuer.token(FIRST, "acme");
    assertUnchecked(askWith(token));
    assertThat(gateway().ready()).isTrue();
    issuer.open();
    assertUnchecked(askWith(token)); // it was asked just now
    assertThat(issuer.asked()).isZero();
    ticker.pass(PAUSE_MILLIS);
    assertThat(askWith(token).status()).isEqualTo(200);
    assertThat(server.requests(Chat.PATH)).hasSize(1);
  }

  @Test
  void issuerThatIsAwayLater_itsKeysHoldForADay() throws Exception {
    issuer.open();
    startWith(issuer.name());
    String known = issuer.token(FIRST, "acme");
    assertThat(askWith(known).status()).isEqualTo(200);
    issuer.away();
    ticker.pass(20 * 60_000);
    assertThat(askWith(issuer.token(FIRST, "acme")).status()).isEqualTo(200);
    assertThat(askWith(issuer.token(SECOND, "acme")).status()).isEqualTo(401);
    ticker.pass(24 * 3600_000);
    assertUnchecked(askWith(issuer.token(FIRST, "acme")));
    assertThat(askWith(known).status()).isEqualTo(200);
    issuer.open();
    ticker.pass(PAUSE_MILLIS);
    assertThat(askWith(issuer.token(FIRST, "acme")).status()).isEqualTo(200);
  }

  @Test
  void issuerThatNeverAnswers_holdsUpNobodyForLong_andKnownTokensNotAtAll() throws Exception {
    ScriptedServer silent =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.awaitLeft();
            });
    startWith(silent.uri() + "/realm");
    for (int i = 0; i < 5; i++) {
      assertUnchecked(askWith(issuer.token(FIRST, "acme")));
    }
    assertThat(silent.requests()).hasSize(1);
    await().atMost(LONG).until(() -> silent.left() == 1);
  }
}
