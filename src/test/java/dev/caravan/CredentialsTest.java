package dev.caravan;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.runtime.configuration.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody opens the inference port to the network by accident. */
class CredentialsTest {

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::", "10.0.0.7", "caravan.example.com"})
  void check_openToOthers_isRefused_unlessItIsSaid(String host) {
    assertThatThrownBy(() -> Credentials.check(host, false, false))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("caravan.http.host is " + host)
        .hasMessageContaining("caravan.http.open=true");
    Credentials.check(host, true, false);
    Credentials.check(host, false, true);
  }

  @Test
  void check_onThisMachine_mayBeOpen() {
    Credentials.check("127.0.0.1", false, false);
    Credentials.check("localhost", false, false);
    Credentials.check("::1", false, false);
  }
}
