package dev.caravan.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.request.Conversation;
import dev.caravan.request.Conversation.Source;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConversationFinderTest {
  private static final String KEY = "0123456789abcdef0123456789abcdef";
  private static final ConversationSettings.Cookie COOKIE =
      new ConversationSettings.Cookie("caravan", List.of(KEY), 0);
  private static final String MESSAGES = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

  /** What a request is found to belong to, by that list of keys. */
  private static Conversation found(List<String> keys, String fields, String... headers) {
    Door door = new Door(new ConversationSettings(keys, List.of(), null)).open();
    door.send(Door.post("{\"model\":\"m\"" + fields + "}", headers));
    Conversation found = door.visits.remove().call().request().conversation();
    door.channel.finishAndReleaseAll();
    return found;
  }

  @Test
  void find_header_whateverItsCase_isTheConversation() {
    assertThat(found(List.of("header:X-Session-Id"), "", "X-SESSION-ID: abc\r\n"))
        .isEqualTo(Conversation.of(Source.HEADER, "abc"));
  }

  @Test
  void find_severalKeys_theFirstOfTheListCounts_notTheFirstThatCame() {
    List<String> keys = List.of("header:a", "body:user", "header:b", "prompt");
    String fields = ",\"user\":\"u\"," + MESSAGES;
    assertThat(found(keys, fields, "b: 2\r\n", "a: 1\r\n"))
        .isEqualTo(Conversation.of(Source.HEADER, "1"));
    assertThat(found(keys, fields, "b: 2\r\n")).isEqualTo(Conversation.of(Source.BODY, "u"));
    assertThat(found(keys, "," + MESSAGES, "b: 2\r\n"))
        .isEqualTo(Conversation.of(Source.HEADER, "2"));
    assertThat(found(keys, "," + MESSAGES).source()).isEqualTo(Source.PROMPT);
    assertThat(found(keys, "")).isEqualTo(Conversation.NONE);
  }

  @Test
  void find_blankKeys_arePassedOver() {
    List<String> keys = List.of("header:a", "body:user", "header:b");
    assertThat(found(keys, ",\"user\":\" \"", "a:  \r\n", "b: 2\r\n"))
        .isEqualTo(Conversation.of(Source.HEADER, "2"));
  }

  @Test
  void find_headerThatStandsTwice_theFirstCounts() {
    assertThat(found(List.of("header:a"), "", "a: 1\r\n", "a: 2\r\n"))
        .isEqualTo(Conversation.of(Source.HEADER, "1"));
  }

  @Test
  void find_fieldsOfTheBody_eachByItsName() {
    String fields =
        ",\"prompt_cache_key\":\"k\",\"previous_response_id\":\"r\",\"conversation\":{\"id\":\"c\"},"
            + "\"metadata\":{\"user_id\":\"m\"},\"user\":\"u\"";
    assertThat(found(List.of("body:prompt_cache_key"), fields))
        .isEqualTo(Conversation.of(Source.BODY, "k"));
    assertThat(found(List.of("body:previous_response_id"), fields))
        .isEqualTo(Conversation.of(Source.PREVIOUS_RESPONSE, "r"));
    assertThat(found(List.of("body:conversation"), fields))
        .isEqualTo(Conversation.of(Source.BODY, "c"));
    assertThat(found(List.of("body:metadata.user_id"), fields))
        .isEqualTo(Conversation.of(Source.BODY, "m"));
    assertThat(found(List.of("body:user"), fields)).isEqualTo(Conversation.of(Source.BODY, "u"));
  }

  @Test
  void find_sameKeyInHeaderAndBody_isOneConversation() {
    assertThat(found(List.of("header:a"), "", "a: x-1\r\n").digest())
        .isEqualTo(found(List.of("body:user"), ",\"user\":\"x-1\"").digest());
  }

  @Test
  void find_clientWithoutASocket_hasNoAddress() {
    assertThat(found(List.of("address"), "")).isEqualTo(Conversation.NONE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"session", "header:", "header:a b", "body:messages", "Cookies", ""})
  void of_wrongKey_isRefused_andTheMessageSaysWhatIsRight(String key) {
    assertThatThrownBy(() -> found(List.of("cookie", key), ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "keys: \""
                + key.toLowerCase(java.util.Locale.ROOT)
                + "\" is none of header:NAME, cookie, body:prompt_cache_key,"
                + " body:previous_response_id, body:conversation, body:metadata.user_id, body:user,"
                + " prompt, address");
  }

  @Test
  void of_keyThatStandsTwice_isRefused() {
    assertThatThrownBy(() -> found(List.of("prompt", "Prompt"), ""))
        .hasMessage("keys: \"prompt\" is there twice");
  }

  @Test
  void of_otherWrongSettings_areRefusedByName() {
    assertThatThrownBy(
            () -> Door.finder(new ConversationSettings(List.of(), List.of("proxy"), null)))
        .hasMessageStartingWith("trusted-proxies: \"proxy\" is no address");
    assertThatThrownBy(() -> Door.finder(new ConversationSettings(List.of(), List.of(), COOKIE)))
        .hasMessageContaining("cookie.enabled", "caravan.conversation.keys");
    ConversationSettings.Cookie unsigned = new ConversationSettings.Cookie("c", List.of(), 0);
    assertThatThrownBy(
            () -> Door.finder(new ConversationSettings(List.of("cookie"), List.of(), unsigned)))
        .hasMessageStartingWith("cookie.keys: the cookie needs one key");
  }

  // ---- the cookie

  private static Door withCookie() {
    return new Door(
            new ConversationSettings(List.of("header:a", "cookie", "prompt"), List.of(), COOKIE))
        .open();
  }

  /** The cookie of an answer, without its attributes; empty for none. */
  private static String cookieOf(String answer) {
    int at = answer.indexOf("set-cookie: ");
    return at < 0 ? "" : answer.substring(at + 12, answer.indexOf(';', at));
  }

  @Test
  void cookie_ofTheFirstAnswer_makesTheNextRequestTheSameConversation() {
    Door door = withCookie();
    door.send(Door.post("{\"model\":\"m\"," + MESSAGES + "}"));
    Door.Visit first = door.visits.remove();
    first.reply().ok(new byte[0]);
    String answer = door.written();
    assertThat(answer).contains("; Path=/; HttpOnly; SameSite=Lax\r\n").doesNotContain("Secure");
    Conversation conversation = first.call().request().conversation();
    assertThat(conversation.source()).isEqualTo(Source.COOKIE);
    door.send(Door.post("{\"model\":\"m\"}", "cookie: x=1; " + cookieOf(answer) + "\r\n"));
    Door.Visit second = door.visits.remove();
    assertThat(second.call().request().conversation()).isEqualTo(conversation);
    assertThat(second.headers().asMap()).doesNotContainKey("cookie");
    second.reply().ok(new byte[0]);
    assertThat(door.written()).contains("200 OK").doesNotContain("set-cookie");
    door.channel.finishAndReleaseAll();
  }

  @Test
  void cookie_thatIsForged_isReplaced_andNoError() {
    Door door = withCookie();
    door.send(Door.post("{\"model\":\"m\"}", "cookie: caravan=gpu-a\r\n"));
    Door.Visit visit = door.visits.remove();
    assertThat(visit.call().request().conversation().source()).isEqualTo(Source.COOKIE);
    visit.reply().error(ClientError.internal());
    assertThat(cookieOf(door.written())).startsWith("caravan=").isNotEqualTo("caravan=gpu-a");
    door.channel.finishAndReleaseAll();
  }

  @Test
  void cookie_whereAnEarlierKeyIsThere_isNotSet() {
    Door door = withCookie();
    door.send(Door.post("{\"model\":\"m\"}", "a: 1\r\n"));
    Door.Visit visit = door.visits.remove();
    assertThat(visit.call().request().conversation())
        .isEqualTo(Conversation.of(Source.HEADER, "1"));
    visit.reply().ok(new byte[0]);
    assertThat(door.written()).doesNotContain("set-cookie");
    door.channel.finishAndReleaseAll();
  }

  @Test
  void cookie_forWhatIsNoInference_isNotSet() {
    Door door = withCookie();
    door.send("GET /v1/models HTTP/1.1\r\nhost: h\r\n\r\n");
    assertThat(door.written()).contains("200 OK").doesNotContain("set-cookie");
    door.send(Door.post("{}"));
    assertThat(door.written()).contains("400 Bad Request").doesNotContain("set-cookie");
    door.channel.finishAndReleaseAll();
  }
}
