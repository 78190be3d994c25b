package dev.caravan.route.parameter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Secret;
import dev.caravan.fleet.Timeouts;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelParametersTest {
  private static final Map<String, String> ENVIRONMENT = Map.of("KEY", " sk-1 ", "EMPTY", "");

  @TempDir Path directory;

  @Test
  void url_alone_getsTheDefaults() {
    ModelParameters read = read(Map.of("url", "http://a:8000"));
    assertThat(read.spec()).isEqualTo(BackendSpec.of("gpu-a", URI.create("http://a:8000")));
    assertThat(read.timeouts()).isEqualTo(Timeouts.UNSAID);
    assertThat(read.keepAliveMillis()).isEqualTo(4_000);
    assertThat(read.probe()).isEqualTo(ModelParameters.ProbeKind.CHAT);
    assertThat(read.trustCertificates()).isNull();
  }

  @Test
  void everything_isRead() throws Exception {
    Path trust = Files.writeString(directory.resolve("ca.pem"), "x");
    ModelParameters read =
        read(
            Map.ofEntries(
                Map.entry("url", "https://a/llm"),
                Map.entry("weight", "256"),
                Map.entry("maxInflight", "8"),
                Map.entry("cacheTokens", "454400"),
                Map.entry("zone", "eu"),
                Map.entry("model", "meta/llama"),
                Map.entry("labels", "gpu=h100,rack=b2"),
                Map.entry("probe", "off"),
                Map.entry("connectTimeout", "500ms"),
                Map.entry("firstTokenTimeout", "1m"),
                Map.entry("betweenTokensTimeout", "5s"),
                Map.entry("totalTimeout", "1h"),
                Map.entry("keepAlive", "30s"),
                Map.entry("trustCertificates", trust.toString())));
    assertThat(read.spec().weight()).isEqualTo(256);
    assertThat(read.spec().maxInflight()).isEqualTo(8);
    assertThat(read.spec().cacheTokens()).isEqualTo(454_400);
    assertThat(read.spec().zone()).isEqualTo("eu");
    assertThat(read.spec().model()).isEqualTo("meta/llama");
    assertThat(read.spec().labels()).isEqualTo(Map.of("gpu", "h100", "rack", "b2"));
    assertThat(read.timeouts()).isEqualTo(new Timeouts(500, 60_000, 5_000, 3_600_000));
    assertThat(read.keepAliveMillis()).isEqualTo(30_000);
    assertThat(read.probe()).isEqualTo(ModelParameters.ProbeKind.OFF);
    assertThat(read.trustCertificates()).isEqualTo(trust);
  }

  @Test
  void apiKey_comesFromWhereTheReferencePoints() throws Exception {
    Path file = Files.writeString(directory.resolve("key"), "sk-2\n");
    assertThat(key("env:KEY").reveal()).isEqualTo("sk-1");
    assertThat(key("file:" + file).reveal()).isEqualTo("sk-2");
    assertThat(key("sk-3").reveal()).isEqualTo("sk-3"); // what a placeholder held
    assertThat(read(Map.of("url", "http://a", "apiKey", "sk-3")).toString()).doesNotContain("sk-3");
  }

  @Test
  void problems_areAllInOneMessage() {
    assertThatThrownBy(() -> read(Map.of("weight", "heavy")))
        .hasMessage(
            "model:gpu-a: weight \"heavy\" is not a whole number from 1 to 256; url is missing,"
                + " such as http://10.0.0.11:8000");
    assertThatThrownBy(() -> key("env:EMPTY"))
        .hasMessage("model:gpu-a: apiKey: the environment variable EMPTY is not set");
    assertThatThrownBy(() -> key("file:/no/such"))
        .hasMessage("model:gpu-a: apiKey: the file /no/such cannot be read");
  }

  @Test
  void forwardCredentials_goesWithNoKeyAndNoProbe() {
    ModelParameters forwards = read(Map.of("url", "http://a", "forwardCredentials", "true"));
    assertThat(forwards.spec().forwardsCredentials()).isTrue();
    assertThat(forwards.probe()).isEqualTo(ModelParameters.ProbeKind.OFF);
    ModelParameters plain = read(Map.of("url", "http://a"));
    assertThat(plain.spec().forwardsCredentials()).isFalse();
    assertThat(plain.probe()).isEqualTo(ModelParameters.ProbeKind.CHAT);
    assertThatThrownBy(
            () ->
                read(
                    Map.of(
                        "url",
                        "http://a",
                        "forwardCredentials",
                        "true",
                        "apiKey",
                        "env:KEY",
                        "probe",
                        "chat")))
        .hasMessage(
            "model:gpu-a: apiKey and forwardCredentials: one of them says what it gets; probe: a"
                + " probe has no client whose credentials could be forwarded");
  }

  @Test
  void names_areFoundInUris() {
    assertThat(ModelParameters.nameOf("model:gpu-a?url=http://a")).isEqualTo("gpu-a");
    assertThat(ModelParameters.nameOf("model://gpu-a")).isEqualTo("gpu-a");
    assertThat(ModelParameters.nameOf("direct:gpu-a")).isNull();
    assertThat(PoolParameters.nameOf("pool:meta/llama")).isEqualTo("meta/llama");
    assertThat(PoolParameters.read("p", Map.of("aliases", "a, b")).aliases())
        .containsExactly("a", "b");
  }

  private static Secret key(String reference) {
    return Objects.requireNonNull(
        read(Map.of("url", "http://a", "apiKey", reference)).spec().apiKey());
  }

  private static ModelParameters read(Map<String, String> given) {
    return ModelParameters.read("gpu-a", given, ENVIRONMENT::get);
  }
}
