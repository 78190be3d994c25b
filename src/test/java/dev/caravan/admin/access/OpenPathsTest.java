package dev.caravan.admin.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.http.HttpMethod;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of the management port is for everybody. */
class OpenPathsTest {
  private final ManagementPolicy policy = new ManagementPolicy(new AccessSettings(false, true));
  private final ManagementPolicy closed = new ManagementPolicy(new AccessSettings(false, false));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/index.html",
        "/app.js",
        "/style/main.css",
        "/webjars/uplot/1.6.30/dist/uPlot.min.css",
        "/webjars/@scope/x/a.js",
        "/q/health",
        "/q/health/live",
        "/q/health/ready",
        "/administer",
        "/queue.js",
      })
  void open(String path) {
    assertThat(closed.isOpen(HttpMethod.GET, path)).isTrue();
    assertThat(closed.isOpen(HttpMethod.HEAD, path)).isTrue();
    assertThat(closed.isOpen(HttpMethod.POST, path)).isFalse();
    assertThat(closed.isOpen(HttpMethod.PUT, path)).isFalse();
    assertThat(closed.isOpen(HttpMethod.OPTIONS, path)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "//",
        "/.",
        "/..",
        "/./admin",
        "/x/../admin",
        "/x//y",
        "/x/./y",
        "/.hidden",
        "/admin",
        "/admin/",
        "/admin/overview",
        "/ADMIN/overview",
        "/q",
        "/q/",
        "/Q/metrics",
        "/q/openapi",
        "/q/health/",
        "/q/health/x",
        "/q/healthx",
        "/index.html;x",
        "/index%2ehtml",
        "/a\\b",
        "/a b",
        "http://x/",
      })
  void notOpen(String path) {
    assertThat(policy.isOpen(HttpMethod.GET, path)).isFalse();
  }

  @Test
  void metrics_areOpenAsSet() {
    assertThat(policy.isOpen(HttpMethod.GET, "/q/metrics")).isTrue();
    assertThat(closed.isOpen(HttpMethod.GET, "/q/metrics")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LocalHost"})
  void loopbackNames(String name) {
    assertThat(Loopback.isName(name)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0",
        "::",
        "10.0.0.1",
        "localhost.",
        "localhost.evil",
        "127.0.0.1.nip.io",
        "2130706433",
        "0x7f.1",
        "127.1",
        "",
      })
  void otherNames(String name) {
    assertThat(Loopback.isName(name)).isFalse();
  }
}
