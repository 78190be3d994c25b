package dev.caravan.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.time.Secrets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConversationCookieTest {
  private static final String OLD = "0123456789abcdef0123456789abcdef";
  private static final String NEW = "fedcba9876543210fedcba9876543210";

  private static ConversationCookie cookie(String... keys) {
    return new ConversationCookie("caravan", List.of(keys), 0, Secrets.system());
  }

  @Test
  void in_whatAnyGatewayWithTheKeyHasMade_isBelieved() {
    String value = cookie(OLD).next();
    assertThat(value).hasSize(43).matches("[A-Za-z0-9_-]+");
    ConversationCookie another = cookie(OLD);
    assertThat(another.in("caravan=" + value)).isEqualTo(value);
    assertThat(another.in("a=b; caravan=" + value + "; caravan2=x")).isEqualTo(value);
    assertThat(another.in("a=caravan=1;caravan=" + value)).isEqualTo(value);
    assertThat(another.in("caravan=forged; caravan=" + value)).isEqualTo(value);
    assertThat(another.refused()).isZero();
  }

  @Test
  void next_isAlwaysAnother_andItsConversationIsItsId() {
    ConversationCookie cookie = cookie(OLD);
    Set<String> conversations = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      conversations.add(ConversationCookie.conversation(cookie.next()));
    }
    assertThat(conversations).hasSize(1_000);
    // The same id under another key is the same conversation: a new key moves nobody.
    Secrets sevens = bytes -> Arrays.fill(bytes, (byte) 7);
    String one = new ConversationCookie("c", List.of(OLD), 0, sevens).next();
    String two = new ConversationCookie("c", List.of(NEW), 0, sevens).next();
    assertThat(one).isNotEqualTo(two);
    assertThat(ConversationCookie.conversation(one))
        .isEqualTo(ConversationCookie.conversation(two));
  }

  @Test
  void in_everyChangedCharacter_isRefused() {
    ConversationCookie cookie = cookie(OLD);
    String value = cookie.next();
    // Of the last character only four bits are the tag's.
    for (int i = 0; i < value.length() - 1; i++) {
      char other = value.charAt(i) == 'A' ? 'B' : 'A';
      String forged = value.substring(0, i) + other + value.substring(i + 1);
      assertThat(cookie.in("caravan=" + forged)).as("character %s", i).isNull();
    }
    assertThat(cookie.refused()).isEqualTo(value.length() - 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", "gpu-a"})
  void in_malformed_isRefusedAndCounted(String value) {
    ConversationCookie cookie = cookie(OLD);
    assertThat(cookie.in("caravan=" + value)).isNull();
    assertThat(cookie.refused()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ";", "; ;", "other=1", "caravan", "caravan2=1", "xcaravan=1", "="})
  void in_noneOfOurs_isNotCounted(String cookies) {
    ConversationCookie cookie = cookie(OLD);
    assertThat(cookie.in(cookies)).isNull();
    assertThat(cookie.refused()).isZero();
  }

  @Test
  void keys_change_inThreeSteps() {
    String before = cookie(OLD).next();
    ConversationCookie both = cookie(NEW, OLD);
    assertThat(both.in("caravan=" + before)).isEqualTo(before);
    String during = both.next();
    ConversationCookie after = cookie(NEW);
    assertThat(after.in("caravan=" + during)).isEqualTo(during);
    assertThat(after.in("caravan=" + before)).isNull();
    assertThat(cookie(OLD).in("caravan=" + during)).as("the first signs").isNull();
  }

  @Test
  void line_hasItsAttributes() {
    ConversationCookie kept = new ConversationCookie("talk", List.of(OLD), 60, Secrets.system());
    assertThat(kept.line("V", false))
        .isEqualTo("set-cookie: talk=V; Max-Age=60; Path=/; HttpOnly; SameSite=Lax\r\n");
    assertThat(cookie(OLD).line("V", true))
        .isEqualTo("set-cookie: caravan=V; Path=/; HttpOnly; SameSite=Lax; Secure\r\n");
  }

  private static void refuses(String why, String name, List<String> keys, long age) {
    assertThatThrownBy(() -> new ConversationCookie(name, keys, age, Secrets.system()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why)
        .hasMessageNotContaining("too-short");
  }

  @Test
  void new_wrongSettings_areRefusedWithoutAWordOfTheKey() {
    refuses("keys: the cookie needs one key", "c", List.of(), 0);
    refuses("there are 3", "c", List.of(OLD, NEW, OLD), 0);
    refuses("at least 32 characters", "c", List.of("too-short"), 0);
    refuses("name: \"a;b\"", "a;b", List.of(OLD), 0);
    refuses("name: \"\"", "", List.of(OLD), 0);
    refuses("max-age: it cannot be negative", "c", List.of(OLD), -1);
  }
}
