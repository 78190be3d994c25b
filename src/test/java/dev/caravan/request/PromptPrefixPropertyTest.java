package dev.caravan.request;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class PromptPrefixPropertyTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static long[] read(Api api, ObjectNode body, boolean pretty, boolean ascii)
      throws IOException, InvalidRequest {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator generator = new JsonFactory().createGenerator(out)) {
      generator.configure(JsonWriteFeature.ESCAPE_NON_ASCII.mappedFeature(), ascii);
      if (pretty) {
        generator.useDefaultPrettyPrinter();
      }
      JSON.writeTree(generator, body);
    }
    return PromptPrefixTest.hashes(
        new RequestParser().parse(api, Unpooled.wrappedBuffer(out.toByteArray())).prefix());
  }

  private static ObjectNode chat(List<String> turns) {
    ObjectNode body = JSON.createObjectNode().put("model", "m");
    ArrayNode messages = body.putArray("messages");
    for (int i = 0; i < turns.size(); i++) {
      messages
          .addObject()
          .put("role", i % 2 == 0 ? "user" : "assistant")
          .put("content", turns.get(i));
    }
    return body;
  }

  private static long[] completion(byte[] prompt) throws InvalidRequest {
    byte[] head = "{\"model\":\"m\",\"prompt\":\"".getBytes(StandardCharsets.UTF_8);
    byte[] body = Arrays.copyOf(head, head.length + prompt.length + 2);
    System.arraycopy(prompt, 0, body, head.length, prompt.length);
    body[body.length - 2] = '"';
    body[body.length - 1] = '}';
    return PromptPrefixTest.hashes(
        new RequestParser().parse(Api.COMPLETIONS, Unpooled.wrappedBuffer(body)).prefix());
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void conversationThatGrows_beginsWithWhatItWas(
      @ForAll @Size(min = 1, max = 8) List<@From("texts") String> turns,
      @ForAll boolean pretty,
      @ForAll boolean ascii)
      throws Exception {
    long[] before = {};
    for (int turn = 1; turn <= turns.size(); turn++) {
      long[] now = read(Api.CHAT_COMPLETIONS, chat(turns.subList(0, turn)), pretty, ascii);
      assertThat(Arrays.copyOf(now, before.length)).isEqualTo(before);
      assertThat(read(Api.CHAT_COMPLETIONS, chat(turns.subList(0, turn)), !pretty, !ascii))
          .isEqualTo(now);
      before = now;
    }
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void byteThatChanges_changesAllChunksFromThere_andNoneBefore(
      @ForAll @IntRange(min = 1, max = 5_000) int length, @ForAll @IntRange(max = 4_999) int at)
      throws Exception {
    byte[] prompt = new byte[length];
    for (int i = 0; i < length; i++) {
      prompt[i] = (byte) ('a' + i * 7 % 26);
    }
    long[] before = completion(prompt);
    int place = at % length;
    prompt[place] = '!';
    long[] after = completion(prompt);
    assertThat(after).hasSize(length / 512);
    for (int chunk = 0; chunk < after.length; chunk++) {
      assertThat(after[chunk] == before[chunk]).isEqualTo(chunk < place / 512);
    }
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.strings()
        .withChars("abc \n\t\"\\/é你\u2028{}[]:,")
        .ofMinLength(0)
        .ofMaxLength(900)
        .map(text -> text + "🐫");
  }
}
