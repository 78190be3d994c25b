package dev.caravan.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlaceTest {

  @Test
  void places_areReadInAllTheirParts() {
    assertThat(Place.of("dns:vllm.models.svc.cluster.local:8000"))
        .isEqualTo(new Place.Dns("vllm.models.svc.cluster.local", 8000));
    assertThat(Place.of("dns:vllm")).isEqualTo(new Place.Dns("vllm", 0));
    assertThat(Place.of("srv:_http._tcp.vllm.example."))
        .isEqualTo(new Place.Srv("_http._tcp.vllm.example."));
    assertThat(Place.of("kubernetes:vllm")).isEqualTo(new Place.Kubernetes(null, "vllm", null));
    assertThat(Place.of("kubernetes:models/vllm-8b:http"))
        .isEqualTo(new Place.Kubernetes("models", "vllm-8b", "http"));
    assertThat(Place.of("kubernetes:vllm:8000"))
        .isEqualTo(new Place.Kubernetes(null, "vllm", "8000"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dns:vllm:8000",
        "dns:vllm",
        "srv:_http._tcp.vllm",
        "kubernetes:models/vllm:http",
        "kubernetes:vllm"
      })
  void places_areWrittenAsTheyAreRead(String text) {
    assertThat(Place.of(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "vllm",
        "dns:",
        "dns:a..b",
        "dns:-a",
        "dns:a:0",
        "dns:a:70000",
        "dns:a b",
        "srv:http.vllm",
        "srv:_http._tcp",
        "kubernetes:",
        "kubernetes:a/b/c",
        "kubernetes:Vllm",
        "kubernetes:vllm:a-name-of-16-chr",
        "consul:vllm"
      })
  void otherTexts_areNone(String text) {
    assertThat(Place.of(text)).isNull();
  }
}
