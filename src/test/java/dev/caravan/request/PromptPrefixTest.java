package dev.caravan.request;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptPrefixTest {
  private static final String LONG = "The camels rest at noon, and walk by night. ".repeat(60);

  static InferenceRequest request(Api api, String json) throws InvalidRequest {
    return new RequestParser()
        .parse(api, Unpooled.wrappedBuffer(json.getBytes(StandardCharsets.UTF_8)));
  }

  static long[] hashes(PromptPrefix prefix) {
    return IntStream.range(0, prefix.chunks()).mapToLong(prefix::hash).toArray();
  }

  private static long[] chat(String messages) throws InvalidRequest {
    return chat(messages, "");
  }

  private static long[] chat(String messages, String more) throws InvalidRequest {
    return hashes(
        request(Api.CHAT_COMPLETIONS, "{\"model\":\"m\",\"messages\":" + messages + more + "}")
            .prefix());
  }

  private static InferenceRequest completion(String prompt) throws InvalidRequest {
    return request(Api.COMPLETIONS, "{\"model\":\"m\",\"prompt\":" + prompt + "}");
  }

  private static String user(String content) {
    return "[{\"role\":\"user\",\"content\":" + content + "}]";
  }

  @Test
  void text_everyChunkIs512BytesOfIt_andTheRestDoesNotCount() throws InvalidRequest {
    assertThat(completion("\"" + "a".repeat(511) + "\"").prefix().chunks()).isZero();
    assertThat(completion("\"" + "a".repeat(512) + "\"").prefix().chunks()).isEqualTo(1);
    assertThat(completion("\"" + "\\u00e9".repeat(512) + "\"").prefix().chunks()).isEqualTo(2);
    assertThat(completion("\"" + "a".repeat(1535) + "\"").prefix().chunks()).isEqualTo(2);
  }

  /** The array that a thread copies direct buffers to still holds the body before. */
  @Test
  void number_endsWhereItEnds_whateverWasReadBefore() throws InvalidRequest {
    ByteBuf before =
        Unpooled.directBuffer()
            .writeBytes(
                ("{\"model\":\"m\",\"prompt\":\"" + "9".repeat(4_000) + "\"}")
                    .getBytes(StandardCharsets.US_ASCII));
    String number = "{\"model\":\"m\",\"prompt\":" + "1".repeat(600) + "}";
    ByteBuf direct = Unpooled.directBuffer().writeBytes(number.getBytes(StandardCharsets.US_ASCII));
    new RequestParser().parse(Api.COMPLETIONS, before).prefix();
    assertThat(hashes(new RequestParser().parse(Api.COMPLETIONS, direct).prefix()))
        .hasSize(1)
        .isEqualTo(hashes(request(Api.COMPLETIONS, number).prefix()));
    before.release();
    direct.release();
  }

  @Test
  void sameText_writtenInAnyWay_hasTheSameHashes() throws InvalidRequest {
    String text = "é/\\\"\u2028🐫\t" + "x".repeat(3_000);
    long[] raw = chat(user("\"é/\\\\\\\"\u2028🐫\\t" + "x".repeat(3_000) + "\""));
    assertThat(raw).hasSize(5);
    String escaped =
        text.codePoints()
            .mapToObj(
                point ->
                    new String(Character.toChars(point))
                        .chars()
                        .mapToObj(unit -> String.format("\\u%04x", unit))
                        .collect(Collectors.joining()))
            .collect(Collectors.joining());
    assertThat(chat(user("\"" + escaped + "\""))).isEqualTo(raw);
    assertThat(
            chat(
                " [\n{ \"content\" :\t\"\\u00E9\\/\\u005c\\u0022\\u2028\\ud83d\\uDC2B\\u0009"
                    + "x".repeat(3_000)
                    + "\" ,\r\n \"role\": \"us\\u0065r\"\n } ] "))
        .isEqualTo(raw);
  }

  @Test
  void whatNoTemplateRenders_doesNotCount() throws InvalidRequest {
    long[] plain = chat(user("\"" + LONG + "\""));
    assertThat(plain).hasSizeGreaterThan(4);
    assertThat(chat(user("[{\"type\":\"text\",\"text\":\"" + LONG + "\"}]"))).isEqualTo(plain);
    assertThat(
            chat(
                user(
                    "[{\"type\":\"text\",\"cache_control\":{\"type\":\"ephemeral\"},\"text\":\""
                        + LONG
                        + "\"}]")))
        .isEqualTo(plain);
    assertThat(
            chat(
                "[{\"refusal\":null,\"role\":\"user\",\"name\":null,\"content\":\""
                    + LONG
                    + "\"}]"))
        .isEqualTo(plain);
  }

  @Test
  void roles_names_calls_areInTheHash() throws InvalidRequest {
    String content = "\"content\":\"" + LONG + "\"";
    Set<Long> seen = new HashSet<>();
    for (String message :
        new String[] {
          "{\"role\":\"user\"," + content + "}",
          "{\"role\":\"system\"," + content + "}",
          "{" + content + "}",
          "{\"role\":\"user\",\"content\":[{\"type\":\"x\",\"text\":\"" + LONG + "\"}]}",
          "{\"role\":\"user\",\"content\":{\"a\":\"" + LONG + "\"}}",
          "{\"role\":\"user\",\"content\":[1,[\"" + LONG + "\",true]]}",
          "{\"role\":\"user\",\"content\":[\"" + LONG + "\"]}",
          "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"1\",\"x\":\"" + LONG + "\"}]}",
          "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"2\",\"x\":\"" + LONG + "\"}]}",
        }) {
      long[] hashes = chat("[" + message + "]");
      assertThat(hashes).as(message).isNotEmpty();
      for (long hash : hashes) {
        assertThat(seen.add(hash)).as(message).isTrue();
      }
    }
  }

  @Test
  void borders_betweenMessages_areNoText() throws InvalidRequest {
    String a = "a".repeat(600);
    Set<String> seen = new HashSet<>();
    for (String messages :
        new String[] {
          user("\"" + a + a + "\""),
          "[{\"role\":\"user\",\"content\":\"%s\"},{\"role\":\"user\",\"content\":\"%s\"}]"
              .formatted(a, a),
          user("\"" + a + "{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"" + a + "\""),
          user(
              "[{\"type\":\"text\",\"text\":\"%s\"},{\"type\":\"text\",\"text\":\"%s\"}]"
                  .formatted(a, a)),
          user("\"" + a + "\u00f8user\u00f9" + a + "\""),
        }) {
      assertThat(seen.add(Arrays.toString(chat(messages)))).as(messages).isTrue();
    }
  }

  @Test
  void tenant_model_tools_haveNoChunkInCommon() throws InvalidRequest {
    String messages = user("\"" + LONG + "\"");
    String tools = ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"%s\"}}]";
    InferenceRequest plain =
        request(Api.CHAT_COMPLETIONS, "{\"model\":\"m\",\"messages\":" + messages + "}");
    Set<Long> seen = new HashSet<>();
    long[][] all = {
      hashes(plain.prefix()),
      hashes(plain.of(1).prefix()),
      hashes(plain.of(2).prefix()),
      chat(messages, tools.formatted("one")),
      chat(messages, tools.formatted("two")),
      hashes(
          request(Api.CHAT_COMPLETIONS, "{\"model\":\"n\",\"messages\":" + messages + "}")
              .prefix()),
    };
    for (long[] one : all) {
      assertThat(one).hasSize(all[0].length);
      LongStream.of(one).forEach(hash -> assertThat(seen.add(hash)).isTrue());
    }
    assertThat(
            chat(
                messages,
                " , \"tools\" : [ {\"type\":\"\\u0066unction\",\"function\":"
                    + "{\"name\":\"one\"} } ]"))
        .isEqualTo(all[3]);
    assertThat(hashes(plain.of(1).of(2).of(1).prefix())).isEqualTo(all[1]);
    assertThat(chat(messages, ",\"tools\":null")).isEqualTo(all[0]);
  }

  @Test
  void tools_countAsTokens_beforeTheFirstChunk() throws InvalidRequest {
    String tools = "[{\"x\":\"" + "y".repeat(4_000 - 10) + "\"}]";
    InferenceRequest request =
        request(
            Api.CHAT_COMPLETIONS,
            "{\"tools\":"
                + tools
                + ",\"model\":\"m\",\"messages\":"
                + user("\"" + LONG + "\"")
                + "}");
    assertThat(request.prefix().headTokens()).isEqualTo(1_000);
    assertThat(request.prefix().tokens(0)).isZero();
    assertThat(request.prefix().tokens(2)).isEqualTo(1_256);
    assertThat(request.promptTokens())
        .isBetween(1_000 + LONG.length() / 4, 1_020 + LONG.length() / 4);
  }

  private static String ids(int from, int to) {
    return IntStream.range(from, to).mapToObj(Integer::toString).collect(Collectors.joining(","));
  }

  @Test
  void tokenIds_are128InAChunk_andCounted() throws InvalidRequest {
    InferenceRequest request = completion("[" + ids(1_000, 1_300) + "]");
    assertThat(request.promptTokens()).isEqualTo(300);
    assertThat(request.prefix().chunks()).isEqualTo(2);
    assertThat(completion("[" + ids(1_000, 1_127) + "]").prefix().chunks()).isZero();
    assertThat(hashes(completion("[ [" + ids(1_000, 1_300) + "\n]]").prefix()))
        .isEqualTo(hashes(request.prefix()));
    long[] more =
        hashes(completion("[[" + ids(1_000, 1_300) + "],[" + ids(0, 300) + "]]").prefix());
    assertThat(more).hasSize(4).startsWith(hashes(request.prefix()));
    assertThat(completion("[[1,2],[3]]").promptTokens()).isEqualTo(3);
  }

  @Test
  void tokenIds_areNoText() throws InvalidRequest {
    String a = "a".repeat(512);
    String sameBytes =
        IntStream.range(0, 128).mapToObj(i -> "1633771873").collect(Collectors.joining(","));
    assertThat(completion("\"" + a + "\"").prefix().hash(0))
        .isNotEqualTo(completion("[" + sameBytes + "]").prefix().hash(0));
  }

  @Test
  void listOfPrompts_beginsAsItsFirst() throws InvalidRequest {
    long[] one = hashes(completion("\"" + LONG + "\"").prefix());
    assertThat(hashes(completion("[\"" + LONG + "\"]").prefix())).isEqualTo(one);
    assertThat(hashes(completion("[\"" + LONG + "\",\"" + LONG + "\"]").prefix()))
        .startsWith(one)
        .hasSizeGreaterThan(one.length);
  }

  @Test
  void numbersWithinMessages_areNoTokenIds() throws InvalidRequest {
    InferenceRequest request =
        request(
            Api.CHAT_COMPLETIONS,
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"x\":[1,2,3],\"content\":\""
                + LONG
                + "\"}]}");
    assertThat(request.promptTokens()).isGreaterThan(LONG.length() / 4);
  }

  @ParameterizedTest
  @CsvSource({"0", "100000", "400000"})
  void picture_ofAnySize_countsAsThousandTokens(int more) throws InvalidRequest {
    String picture = "iVBORw0KGgo".repeat(1_000) + "A".repeat(more);
    String messages =
        user(
            "[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image\\/png;base64,"
                + picture
                + "\"}},{\"type\":\"text\",\"text\":\""
                + LONG
                + "\"}]");
    InferenceRequest request =
        request(Api.CHAT_COMPLETIONS, "{\"model\":\"m\",\"messages\":" + messages + "}");
    int text = LONG.length() / 4;
    assertThat(request.promptTokens()).isBetween(1_000 + text, 1_050 + text);
    assertThat(request.prefix().chunks()).isEqualTo((1_000 + text + 15) / 128);
    assertThat(chat(messages.replace("\\/png", "/png"))).isEqualTo(hashes(request.prefix()));
    long[] other = chat(messages.replaceFirst("iVBO", "iVBQ"));
    assertThat(other).hasSameSizeAs(hashes(request.prefix()));
    assertThat(LongStream.of(other).boxed().toList())
        .doesNotContainAnyElementsOf(LongStream.of(hashes(request.prefix())).boxed().toList());
  }

  @Test
  void everyKindOfBuffer_readsTheSame() throws InvalidRequest {
    byte[] json =
        ("{\"tools\":[{\"a\":1}],\"model\":\"m\",\"messages\":" + user("\"" + LONG + "\"") + "}")
            .getBytes(StandardCharsets.UTF_8);
    ByteBuf heap = Unpooled.wrappedBuffer(json);
    ByteBuf offset = Unpooled.buffer().writeZero(7).writeBytes(json).skipBytes(7);
    ByteBuf direct = Unpooled.directBuffer().writeBytes(json);
    ByteBuf composite =
        Unpooled.wrappedBuffer(
            Unpooled.copiedBuffer(json, 0, 100),
            Unpooled.directBuffer().writeBytes(json, 100, json.length - 100));
    long[] expected = null;
    for (ByteBuf body : new ByteBuf[] {heap, offset, direct, composite}) {
      InferenceRequest request = new RequestParser().parse(Api.CHAT_COMPLETIONS, body);
      long[] hashes = hashes(request.prefix());
      assertThat(hashes).hasSizeGreaterThan(4);
      if (expected != null) {
        assertThat(hashes).isEqualTo(expected);
      }
      expected = hashes;
      body.release();
    }
  }

  @Test
  void promptLongerThanAnyContext_isCut() throws InvalidRequest {
    String text = "0123456789abcdef".repeat(300_000); // 4.8 MB
    PromptPrefix prefix =
        request(
                Api.CHAT_COMPLETIONS,
                "{\"model\":\"m\",\"messages\":" + user("\"" + text + "\"") + "}")
            .prefix();
    assertThat(prefix.chunks()).isEqualTo(PromptPrefix.MAX_CHUNKS);
    String halves =
        "["
            + ("{\"role\":\"user\",\"content\":\"" + text + "\"},").repeat(2)
            + "[1],{\"a\":[\"b\"]}]";
    assertThat(chat(halves)).isEqualTo(hashes(prefix));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}",
        "[]",
        "[[]]",
        "[{}]",
        "5",
        "null",
        "\"\"",
        "[null]",
        "[-1.5e3,\"x\",{}]",
        "[{\"role\":null,\"content\":null}]",
        "[{\"content\":[]}]",
        "[\"\\ud800\",\"\\udc00x\"]"
      })
  void oddPrompts_haveNoChunk_andFailNobody(String prompt) throws InvalidRequest {
    assertThat(chat(prompt)).isEmpty();
    assertThat(completion(prompt).prefix().chunks()).isZero();
  }

  @Test
  void noPrompt_isNone() throws InvalidRequest {
    assertThat(request(Api.CHAT_COMPLETIONS, "{\"model\":\"m\"}").prefix())
        .isSameAs(PromptPrefix.NONE);
  }
}
