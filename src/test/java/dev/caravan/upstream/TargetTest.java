package dev.caravan.upstream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Secret;
import dev.caravan.fleet.Timeouts;
import dev.caravan.request.Api;
import dev.caravan.tls.TlsClient;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetTest {

  private static Target target(String url, @Nullable String key) {
    URI uri = URI.create(url);
    Secret secret = key == null ? null : new Secret(key);
    TlsClient tls = new TlsClients().of(uri, null, null);
    BackendSpec spec = new BackendSpec("gpu-a", uri, 1, 9, null, secret, null, Map.of());
    return new Target(spec, Timeouts.DEFAULT, 1_000, tls);
  }

  private static String head(Target target, Api api, HeaderLines lines) {
    Calls calls = new Calls();
    EmbeddedChannel loop = new EmbeddedChannel();
    ByteBuf out = Unpooled.buffer();
    target.writeHead(out, calls.call(api, loop.eventLoop(), lines), 17);
    String text = out.toString(ISO_8859_1);
    out.release();
    calls.release();
    loop.finish();
    return text;
  }

  @ParameterizedTest
  @CsvSource({
    "http://h:8000, /v1/chat/completions, h:8000",
    "http://h, /v1/chat/completions, h",
    "http://h/, /v1/chat/completions, h",
    "http://h/v1, /v1/chat/completions, h",
    "http://h/v1/, /v1/chat/completions, h",
    "http://h/v1//, /v1/chat/completions, h",
    "http://h/llama, /llama/v1/chat/completions, h",
    "http://h/llama/v1, /llama/v1/chat/completions, h",
    "http://h/xv1, /xv1/v1/chat/completions, h",
    "http://h/a%20b, /a%20b/v1/chat/completions, h",
    "http://[::1]:8000, /v1/chat/completions, [::1]:8000",
    "http://[2001:db8::7]/x, /x/v1/chat/completions, [2001:db8::7]",
  })
  void writeHead_anyUrl_namesPathAndHost(String url, String path, String host) {
    assertThat(head(target(url, null), Api.CHAT_COMPLETIONS, HeaderLines.NONE))
        .isEqualTo(
            "POST "
                + path
                + " HTTP/1.1\r\nhost: "
                + host
                + "\r\ncontent-type: application/json\r\nx-request-id: id-1\r\n"
                + "content-length: 17\r\n\r\n");
  }

  @Test
  void writeHead_keyAndClientLines_standBetween() {
    HeaderLines lines = HeaderLines.of("user-agent: me\r\n");
    String head = head(target("http://h/v1", "sk-canary"), Api.EMBEDDINGS, lines);
    assertThat(head)
        .startsWith("POST /v1/embeddings HTTP/1.1\r\n")
        .contains("\r\nauthorization: Bearer sk-canary\r\nuser-agent: me\r\nx-request-id: id-1\r\n")
        .endsWith("\r\n\r\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\r\nx: y", "a\nb", "a b", "\u00e4", "a\u0000", "a\tb"})
  void new_keyThatWouldBreakTheHeader_isRefusedWithoutRepeatingIt(String key) {
    assertThatThrownBy(() -> target("http://h", key))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("apiKey")
        .hasMessageNotContaining(key);
  }

  @ParameterizedTest
  @CsvSource({
    "http://h, h, 80",
    "https://h, h, 443",
    "http://h:8000, h, 8000",
    "https://h:8443/x, h, 8443",
    "http://[::1]:9, ::1, 9",
    "http://[::1], ::1, 80",
  })
  void address_anyUrl_hasHostAndPort(String url, String host, int port) {
    Target target = target(url, null);
    assertThat(target.address().isUnresolved()).isTrue();
    assertThat(target.address().getHostString()).isEqualTo(host);
    assertThat(target.address().getPort()).isEqualTo(port);
  }

  @Test
  void toString_never_showsTheKey() {
    Target target = target("http://h", "sk-canary");
    assertThat(target.toString()).isEqualTo("gpu-a");
    BackendSpec spec =
        new BackendSpec(
            "a", URI.create("http://h"), 1, 1, null, new Secret("sk-canary"), null, Map.of());
    assertThat(spec.toString()).doesNotContain("canary");
  }

  @Test
  void modelFor_noNameOfItsOwn_isThePools() {
    assertThat(target("http://h", null).modelFor("llama")).isEqualTo("llama");
  }
}
