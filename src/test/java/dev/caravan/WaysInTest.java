package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.admin.access.ApiTokens;
import dev.caravan.testing.CapturedLog;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the start says of who can use the management API. */
class WaysInTest {
  private static final ApiTokens NONE = new ApiTokens(List.of(), null);

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::", "10.0.0.7", "caravan.example.com"})
  void openOnLoopback_whereOthersReachThePort_stopsTheStart(String host) {
    WaysIn ways = new WaysIn(host, false, Optional.empty());
    assertThatThrownBy(() -> ways.check(true, NONE))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("quarkus.http.host is " + host);
    ways.check(false, NONE);
  }

  @Test
  void openOnLoopback_onLoopback_isSaid() {
    try (CapturedLog log = CapturedLog.of("dev.caravan")) {
      new WaysIn("127.0.0.1", false, Optional.empty()).check(true, NONE);
      assertThat(log.lines()).singleElement().asString().contains("everybody on this machine");
    }
  }

  @Test
  void noWayIn_isSaid() {
    try (CapturedLog log = CapturedLog.of("dev.caravan")) {
      new WaysIn("0.0.0.0", true, Optional.empty()).check(false, NONE);
      new WaysIn("0.0.0.0", false, Optional.of("roles")).check(false, NONE);
      assertThat(log.lines()).isEmpty();
      new WaysIn("0.0.0.0", false, Optional.empty()).check(false, NONE);
      assertThat(log.lines()).singleElement().asString().contains("Nobody can use the management");
    }
  }
}
