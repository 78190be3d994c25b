package dev.caravan.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.request.Conversation.Source;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys become digests, and the beginnings of prompts do. */
class ConversationTest {
  private static final String SYSTEM =
      "{\"role\":\"system\",\"content\":\"Be \\\"brief\\\".\"},{\"role\":\"developer\",\"content\":[]}";
  private static final String FIRST = "{\"content\":\"Hi {user}\", \"role\" : \"user\"}";
  private static final String ANSWER = "{\"role\":\"assistant\",\"content\":\"Hello\"}";
  private static final String SECOND = "{\"role\":\"user\",\"content\":\"More\"}";

  private final RequestParser parser = new RequestParser();

  @Test
  void digest_sameText_isTheSameEverywhere() {
    // XXH64 with seed 0 of the bytes, as the reference implementation has it.
    assertThat(Conversation.digest("abc")).isEqualTo(0x44BC2CF5AD770999L);
    assertThat(Conversation.of(Source.HEADER, "abc").digest())
        .isEqualTo(Conversation.of(Source.BODY, "abc").digest());
    assertThat(Conversation.digest("abd")).isNotEqualTo(Conversation.digest("abc"));
  }

  @Test
  void digest_otherThanAscii_isThatOfItsUtf8() {
    byte[] utf8 = "sitzung-ü-🐫".getBytes(StandardCharsets.UTF_8);
    assertThat(Conversation.digest("sitzung-ü-🐫")).isEqualTo(XxHash64.hash(utf8, 0, utf8.length));
  }

  @Test
  void digest_longText_isThatOfItsBeginning() {
    String long256 = "x".repeat(256);
    assertThat(Conversation.digest(long256 + "y")).isEqualTo(Conversation.digest(long256));
    assertThat(Conversation.digest("x".repeat(255) + "🐫"))
        .as("no half of a pair, as in the body's own fields")
        .isEqualTo(Conversation.digest("x".repeat(255)));
    assertThat(Conversation.digest(long256)).isNotEqualTo(Conversation.digest("x".repeat(255)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\t "})
  void of_blankKey_isNone(String key) {
    assertThat(Conversation.of(Source.HEADER, key)).isEqualTo(Conversation.NONE);
  }

  @Test
  void ofHash_isNeverThatOfNone() {
    assertThat(Conversation.ofHash(Source.PROMPT, 0).digest()).isNotZero();
    assertThat(Conversation.ofHash(Source.PROMPT, 0).known()).isTrue();
  }

  // ---- beginnings

  private Conversation opening(Api api, String field, String value) throws InvalidRequest {
    String body = "{\"model\":\"m\", \"" + field + "\" : " + value + ",\"user\":\"u\"}";
    ByteBuf bytes = Unpooled.copiedBuffer(body, StandardCharsets.UTF_8);
    Conversation opening = parser.parse(api, bytes).opening();
    assertThat(parser.parse(api, inParts(bytes)).opening()).isEqualTo(opening);
    return opening;
  }

  private static CompositeByteBuf inParts(ByteBuf bytes) {
    CompositeByteBuf parts = Unpooled.compositeBuffer(1024);
    for (int i = 0; i < bytes.readableBytes(); i += 7) {
      parts.addComponent(true, bytes.retainedSlice(i, Math.min(7, bytes.readableBytes() - i)));
    }
    return parts;
  }

  private Conversation chat(String... messages) throws InvalidRequest {
    return opening(Api.CHAT_COMPLETIONS, "messages", "[" + String.join(", ", messages) + "]");
  }

  @Test
  void opening_ofAChat_staysWhileTheChatGrows() throws InvalidRequest {
    Conversation first = chat(SYSTEM, FIRST);
    assertThat(first.source()).isEqualTo(Source.PROMPT);
    assertThat(chat(SYSTEM, FIRST, ANSWER, SECOND)).isEqualTo(first);
    assertThat(chat(SYSTEM, FIRST, ANSWER, SECOND, ANSWER, SECOND)).isEqualTo(first);
    String whole = "[" + SYSTEM + ", " + FIRST;
    byte[] bytes = whole.getBytes(StandardCharsets.UTF_8);
    assertThat(first.digest()).isEqualTo(XxHash64.hash(bytes, 0, bytes.length));
  }

  @Test
  void opening_ofAnotherChat_isAnother() throws InvalidRequest {
    Conversation one = chat(SYSTEM, FIRST);
    assertThat(chat(FIRST)).isNotEqualTo(one);
    assertThat(chat(SYSTEM, SECOND)).isNotEqualTo(one);
    assertThat(chat(SYSTEM, ANSWER, FIRST)).isNotEqualTo(one);
  }

  @Test
  void opening_withoutAUser_isNone() throws InvalidRequest {
    assertThat(chat()).isEqualTo(Conversation.NONE);
    assertThat(chat(SYSTEM)).isEqualTo(Conversation.NONE);
    assertThat(chat("{\"role\":\"assistant\",\"content\":{\"role\":\"user\"}}"))
        .isEqualTo(Conversation.NONE);
    assertThat(chat("{\"role\":[\"user\"]}", "{\"x\":\"user\"}")).isEqualTo(Conversation.NONE);
    assertThat(opening(Api.CHAT_COMPLETIONS, "other", "[]")).isEqualTo(Conversation.NONE);
    assertThat(opening(Api.CHAT_COMPLETIONS, "messages", "null")).isEqualTo(Conversation.NONE);
  }

  @Test
  void opening_fieldThatStandsTwice_theLastCounts() throws InvalidRequest {
    assertThat(
            opening(
                Api.CHAT_COMPLETIONS, "messages", "[" + SECOND + "],\"messages\":[" + FIRST + "]"))
        .isEqualTo(chat(FIRST));
    assertThat(opening(Api.CHAT_COMPLETIONS, "messages", "[" + SECOND + "],\"messages\":[]"))
        .isEqualTo(Conversation.NONE);
  }

  @Test
  void opening_ofAText_isItsFirstKibibyte() throws InvalidRequest {
    String beginning = "\"" + "a".repeat(1023);
    Conversation one = opening(Api.COMPLETIONS, "prompt", beginning + "b\"");
    assertThat(opening(Api.COMPLETIONS, "prompt", beginning + "c and much more\"")).isEqualTo(one);
    assertThat(opening(Api.COMPLETIONS, "prompt", "\"aaa\"")).isNotEqualTo(one);
    assertThat(opening(Api.COMPLETIONS, "prompt", "[1,2,3]").known()).isTrue();
    assertThat(opening(Api.COMPLETIONS, "prompt", "\"\"")).isEqualTo(Conversation.NONE);
    assertThat(opening(Api.COMPLETIONS, "prompt", "null")).isEqualTo(Conversation.NONE);
  }

  @Test
  void opening_ofEmbeddings_isNone() throws InvalidRequest {
    assertThat(opening(Api.EMBEDDINGS, "input", "\"a text\"")).isEqualTo(Conversation.NONE);
  }

  @Test
  void opening_ofResponses_isThatOfItsInput() throws InvalidRequest {
    assertThat(opening(Api.RESPONSES, "input", "[" + SYSTEM + ", " + FIRST + "]"))
        .isEqualTo(chat(SYSTEM, FIRST));
  }

  @Test
  void in_andOf_keepEverythingElse() throws InvalidRequest {
    InferenceRequest request =
        parser.parse(
            Api.CHAT_COMPLETIONS,
            Unpooled.copiedBuffer(
                "{\"model\":\"m\",\"messages\":[" + FIRST + "]}", StandardCharsets.UTF_8));
    Conversation other = Conversation.of(Source.ROUTE, "r");
    InferenceRequest same = request.in(other).of(7);
    assertThat(same.conversation()).isEqualTo(other);
    assertThat(same.tenant()).isEqualTo(7);
    assertThat(same.opening()).isEqualTo(request.opening());
    assertThat(same.model()).isEqualTo("m");
    assertThat(request.conversation()).isEqualTo(Conversation.NONE);
  }
}
