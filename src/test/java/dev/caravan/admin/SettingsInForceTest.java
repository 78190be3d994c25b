package dev.caravan.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told of settings, and what is not. */
class SettingsInForceTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "caravan.queue.amqp.password",
        "caravan.conversation.cookie.keys",
        "caravan.admin.auth.tokens",
        "caravan.openai.api-key",
        "caravan.x.apikey",
        "quarkus.oidc.credentials.secret",
        "quarkus.oidc.credentials.client-secret.value",
        "quarkus.tls.management.key-store.p12.password",
        "quarkus.http.ssl.certificate.key-store-password",
        "quarkus.kafka.sasl.JAAS.config",
        "quarkus.config.encryption-key",
      })
  void secretNames_areHidden(String name) {
    assertThat(SettingsInForce.shown(name, "canary")).isEqualTo("***");
  }

  @ParameterizedTest
  @CsvSource({
    "caravan.queue.amqp.url, amqps://user:canary@host:5671, amqps://***@host:5671",
    "caravan.queue.amqp.url, amqp://h?jms.password=canary&x=1, amqp://h?jms.password=***&x=1",
    "caravan.queue.amqp.url, failover:(amqp://u:canary@a;amqp://b), failover:(amqp://***@a;amqp://b)",
    "caravan.limits.redis.url, rediss://u:canary@host:6379/0, rediss://***@host:6379/0",
    "caravan.limits.redis.url, redis://:canary@host:6379/0, redis://***@host:6379/0",
    "caravan.x, http://h/?Api-Key=canary, http://h/?Api-Key=***",
    "caravan.attempts, 3, 3",
    "caravan.probe.first-token, 5s, 5s",
    "caravan.conversation.keys, header:x, header:x",
    "quarkus.oidc.token.audience, caravan, caravan",
    "caravan.admin.auth.tokens-file, /etc/tokens, /etc/tokens",
  })
  void values_loseWhatIsASecret(String name, String value, String shown) {
    assertThat(SettingsInForce.shown(name, value)).isEqualTo(shown).doesNotContain("canary");
  }

  @Test
  void list_isOurs_byName_withItsSource() {
    var config =
        new SmallRyeConfigBuilder()
            .withDefaultValue("caravan.b", "1")
            .withDefaultValue("quarkus.x", "1")
            .withSources(
                new PropertiesConfigSource(
                    Map.of("caravan.a", "2", "quarkus.y", "3", "other.password", "canary"),
                    "file:/etc/caravan/application.properties",
                    100))
            .build();
    assertThat(SettingsInForce.of(config))
        .containsExactly(
            new ConfigurationResource.Setting(
                "caravan.a", "2", "file:/etc/caravan/application.properties"),
            new ConfigurationResource.Setting("caravan.b", "1", "default"),
            new ConfigurationResource.Setting(
                "quarkus.y", "3", "file:/etc/caravan/application.properties"));
  }
}
