package dev.caravan.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A page of somebody else's in a browser on this machine. */
class OriginTest {
  private static final String CHAT = "{\"model\":\"llama\"}";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://localhost",
        "http://LOCALHOST:3000",
        "https://127.0.0.1:8443",
        "http://127.8.9.10",
        "http://[::1]:8080",
        "app://obsidian.md",
        "vscode-webview://1a2b",
        "chrome-extension://abc",
        "file://"
      })
  void isForeign_ofThisMachine_isNot(String origin) {
    assertThat(Origin.isForeign(origin)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "",
        " null ",
        "https://evil.example",
        "HTTP://evil.example:8080",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "http://0.0.0.0:8080",
        "http://[::]:8080",
        "http://[2001:db8::1]",
        "http://",
        "https://evil.example:127.0.0.1"
      })
  void isForeign_ofAnother_is(String origin) {
    assertThat(Origin.isForeign(origin)).isTrue();
  }

  @Test
  void request_ofAForeignPage_isRefused_whereNobodyNeedsAKey() {
    Door door = new Door().open();
    door.send(Door.post(CHAT, "origin: https://evil.example\r\n", "content-type: text/plain\r\n"));
    assertThat(door.written())
        .startsWith("HTTP/1.1 403 ")
        .contains("\"code\":\"foreign_origin\"")
        .doesNotContain("evil", "connection: close");
    door.send("GET /v1/models HTTP/1.1\r\nhost: h\r\norigin: null\r\n\r\n");
    assertThat(door.written()).startsWith("HTTP/1.1 403 ").doesNotContain("llama");
    assertThat(door.visits).isEmpty();
    door.send(Door.post(CHAT, "origin: http://localhost:3000\r\n"));
    assertThat(door.visits).hasSize(1);
    door.visits.remove().reply().ok(new byte[0]);
    door.channel.finishAndReleaseAll();
  }
}
