package dev.caravan.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.time.Chance;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestIdTest {
  private final Chance chance = Chance.seeded(1);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "3f2b8c1e-7a54-4c39-9d0b-52f1f0c1a9ee",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "req_7Hq+/==",
        "Root=1-67891233-abcdef012345678912345678;Sampled=1",
        "|4bf92f3577b34da6.00f067aa0ba902b7.",
        "team:prod/job@7#2~a",
      })
  void of_harmlessId_isThatId(String id) {
    assertThat(RequestId.of(id, chance)).isEqualTo(id);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "a b",
        "a\tb",
        "a\r\nx-admin: 1",
        "a\u0000",
        "\"a\"",
        "a'b",
        "a\\b",
        "<b>",
        "${jndi:ldap://x}",
        "a,b",
        "%41",
        "grüße",
        "a\u007F",
      })
  void of_anythingElse_isANewId(String id) {
    assertThat(RequestId.of(id, chance)).isNotEqualTo(id).matches("[A-Za-z0-9_-]{22}");
  }

  @Test
  void of_nothing_isANewId() {
    assertThat(RequestId.of(null, chance)).matches("[A-Za-z0-9_-]{22}");
  }

  @Test
  void of_longId_isTakenUpTo128Characters() {
    assertThat(RequestId.of("x".repeat(128), chance)).hasSize(128);
    assertThat(RequestId.of("x".repeat(129), chance)).hasSize(22);
  }

  @Test
  void next_manyTimes_neverRepeatsAndIsAcceptable() {
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < 100_000; i++) {
      ids.add(RequestId.next(chance));
    }

    assertThat(ids).hasSize(100_000).allMatch(RequestId::isAcceptable);
  }

  @Test
  void next_holdsAllBits() {
    long[] bits = {0x0123456789ABCDEFL, -1};
    int[] drawn = {0};
    String id = RequestId.next(() -> bits[drawn[0]++]);

    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    long[] read = new long[2];
    for (int i = 0; i < id.length(); i++) {
      read[i / 11] |= (long) alphabet.indexOf(id.charAt(i)) << (6 * (i % 11));
    }
    assertThat(read).isEqualTo(bits);
  }
}
