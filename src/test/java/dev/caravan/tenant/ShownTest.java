package dev.caravan.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What counts as credentials. */
class ShownTest {

  @ParameterizedTest
  @CsvSource({
    "authorization, Bearer k1",
    "authorization, bearer   k1",
    "authorization, BEARER k1 ",
    "x-api-key, k1",
    "api-key, ' k1 '",
  })
  void add_everyHeader_isRead(String name, String value) {
    Shown shown = new Shown();
    shown.add(name, value);
    assertThat(shown.value()).isEqualTo("k1");
    assertThat(shown.wrong()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Basic dTpw", "Bearer", "Bearer ", "k1", "", "Bearerk1", "Digest x"})
  void add_anotherScheme_isMalformed(String value) {
    Shown shown = new Shown();
    shown.add("authorization", value);
    assertThat(shown.wrong()).isEqualTo(Denied.MALFORMED);
  }

  @Test
  void add_anotherSchemeBesideAKey_isMalformed() {
    Shown shown = new Shown();
    shown.add("x-api-key", "k1");
    shown.add("authorization", "Basic dTpw");
    assertThat(shown.wrong()).isEqualTo(Denied.MALFORMED);
  }

  @Test
  void add_theSameTwice_isOne_andAnotherContradicts() {
    Shown shown = new Shown();
    shown.add("authorization", "Bearer k1");
    shown.add("x-api-key", "k1");
    assertThat(shown.wrong()).isNull();
    shown.add("api-key", "k2");
    assertThat(shown.wrong()).isEqualTo(Denied.CONTRADICTORY);
    shown.add("api-key", "k1");
    assertThat(shown.wrong()).isEqualTo(Denied.CONTRADICTORY);
  }

  @Test
  void print_saysNothingOfThem() {
    Shown shown = new Shown();
    shown.add("x-api-key", "very-secret");
    assertThat(shown.toString()).doesNotContain("secret");
  }
}
