package dev.caravan.resume;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.caravan.request.Api;
import dev.caravan.request.InferenceRequest;
import dev.caravan.request.RequestParser;
import dev.caravan.resume.Continuation.Ask;
import dev.caravan.resume.Continuation.Exhausted;
import dev.caravan.resume.Continuation.Refused;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContinuationTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static InferenceRequest request(Api api, String body) throws Exception {
    return new RequestParser()
        .parse(api, Unpooled.wrappedBuffer(body.getBytes(StandardCharsets.UTF_8)));
  }

  /** What a client was told, an event for each part. */
  private static Transcript told(String... parts) {
    Transcript told = new Transcript();
    StreamedChunk chunk = new StreamedChunk();
    for (String part : parts) {
      byte[] data =
          ("{\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
                  + quoted(part)
                  + "}}]}")
              .getBytes(StandardCharsets.UTF_8);
      chunk.read(data, 0, data.length, true);
      told.note(chunk, chunk.content);
    }
    return told;
  }

  private static String quoted(String text) {
    return JSON.getNodeFactory().textNode(text).toString();
  }

  private static String extended(Api api, String body, String... parts) throws Exception {
    Continuation plan = Continuation.plan(request(api, body), told(parts));
    assertThat(plan).isInstanceOf(Ask.class);
    return ((Ask) plan).request().body().toString(StandardCharsets.UTF_8);
  }

  private static String chat(String body, String... parts) throws Exception {
    return extended(Api.CHAT_COMPLETIONS, body, parts);
  }

  @Test
  void chat_hasOneMessageMore_andKeepsEveryOtherByte() throws Exception {
    assertThat(
            chat(
                " {\"messages\" : [ {\"content\":\"h\\u0069 ]\",\"role\":\"user\"} ] , \"model\":\"m\","
                    + "\"seed\":1.50e1 ,\"x\":{\"max_tokens\":7} } ",
                "Gr",
                "öße \"1\"\n\\"))
        .isEqualTo(
            " {\"messages\" : [ {\"content\":\"h\\u0069 ]\",\"role\":\"user\"} "
                + ",{\"role\":\"assistant\",\"content\":\"Größe \\\"1\\\"\\n\\\\\"}] , \"model\":\"m\","
                + "\"seed\":1.50e1 ,\"x\":{\"max_tokens\":7} "
                + ",\"continue_final_message\":true,\"add_generation_prompt\":false} ");
  }

  @Test
  void fields_thatAreThere_areReplaced_alsoWhereTheyStandTwice() throws Exception {
    assertThat(
            chat(
                "{\"model\":\"m\",\"add_generation_prompt\":null,\"messages\":[],"
                    + "\"max_tokens\":10,\"continue_final_message\":false,\"min_tokens\":1,"
                    + "\"max_completion_tokens\":20,\"max_tokens\":9}",
                "a",
                "b"))
        .isEqualTo(
            "{\"model\":\"m\",\"add_generation_prompt\":false,\"messages\":["
                + "{\"role\":\"assistant\",\"content\":\"ab\"}],"
                + "\"max_tokens\":8,\"continue_final_message\":true,\"min_tokens\":0,"
                + "\"max_completion_tokens\":18,\"max_tokens\":7}");
  }

  @Test
  void messageThatTheClientBegan_isExtended_itsEscapesUntouched() throws Exception {
    assertThat(
            chat(
                "{\"model\":\"m\",\"messages\":[{\"role\":\"assist\\u0061nt\",\"content\":\"On\\\"e\"}],"
                    + "\"continue_final_message\":true,\"add_generation_prompt\":false}",
                " two"))
        .isEqualTo(
            "{\"model\":\"m\",\"messages\":[{\"role\":\"assist\\u0061nt\",\"content\":\"On\\\"e two\"}],"
                + "\"continue_final_message\":true,\"add_generation_prompt\":false}");
  }

  @Test
  void whiteSpaceAtTheEnd_isLeftOut_andSoAreItsTokens() throws Exception {
    String body = "{\"model\":\"m\",\"messages\":[],\"max_tokens\":10}";
    Ask ask =
        (Ask)
            Continuation.plan(
                request(Api.CHAT_COMPLETIONS, body), told("a", " b", "\n", "\u00a0 "));
    assertThat(ask.white()).isEqualTo("\n\u00a0 ");
    assertThat(ask.prefilledTokens()).isEqualTo(2);
    assertThat(ask.request().maxTokens()).isEqualTo(8);
    JsonNode sent = JSON.readTree(ask.request().body().toString(StandardCharsets.UTF_8));
    assertThat(sent.at("/messages/0/content").asText()).isEqualTo("a b");
  }

  @Test
  void completion_hasALongerPrompt() throws Exception {
    assertThat(
            extended(
                Api.COMPLETIONS,
                "{\"prompt\":\"On\\u0065\" ,\"model\":\"m\",\"max_tokens\":5}",
                " two "))
        .isEqualTo("{\"prompt\":\"On\\u0065 two \" ,\"model\":\"m\",\"max_tokens\":4}");
  }

  @Test
  void nothingToldYet_isTheSameRequestAgain() throws Exception {
    InferenceRequest original =
        request(Api.CHAT_COMPLETIONS, "{\"model\":\"m\",\"messages\":[],\"max_tokens\":10}");
    Ask ask = (Ask) Continuation.plan(original, told("\n\n"));
    assertThat(ask.request()).isSameAs(original);
    assertThat(ask.prefilledTokens()).isZero();
    assertThat(ask.white()).isEqualTo("\n\n");
  }

  @Test
  void allTokensTold_leaveNothingToAskFor() throws Exception {
    String body = "{\"model\":\"m\",\"messages\":[],\"max_tokens\":2}";
    assertThat(Continuation.plan(request(Api.CHAT_COMPLETIONS, body), told("a", "b")))
        .isInstanceOf(Exhausted.class);
    assertThat(chat(body, "a")).contains("\"max_tokens\":1,");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "COMPLETIONS | {\"model\":\"m\",\"prompt\":\"a\"} | server's own",
        "COMPLETIONS | {\"model\":\"m\",\"prompt\":[\"a\"],\"max_tokens\":9} | cannot be extended",
        "COMPLETIONS | {\"model\":\"m\",\"prompt\":[1,2],\"max_tokens\":9} | cannot be extended",
        "COMPLETIONS | {\"model\":\"m\",\"prompt\":\"a\",\"max_tokens\":9,\"suffix\":\"b\"} | suffix",
        "COMPLETIONS | {\"model\":\"m\",\"prompt\":\"a\",\"max_tokens\":9,\"logprobs\":0} | logprobs",
        "COMPLETIONS | {\"model\":\"m\",\"max_tokens\":9} | no prompt",
        "EMBEDDINGS | {\"model\":\"m\",\"input\":\"a\"} | embeddings",
        "CHAT_COMPLETIONS | {\"model\":\"m\",\"messages\":\"a\"} | cannot be extended",
        "CHAT_COMPLETIONS | {\"model\":\"m\",\"messages\":[1]} | no object",
        "CHAT_COMPLETIONS | {\"model\":\"m\",\"messages\":[],\"messages\":[]} | twice",
        "CHAT_COMPLETIONS | {\"model\":\"m\",\"messages\":[],\"n\":99999999999999999999} | n",
        "CHAT_COMPLETIONS | {\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],"
            + "\"continue_final_message\":true} | continues",
        "CHAT_COMPLETIONS | {\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":[]}],"
            + "\"continue_final_message\":true} | continues",
      })
  void request_thatCannotBeExtended_isRefusedWithItsReason(Api api, String body, String why)
      throws Exception {
    Continuation plan = Continuation.plan(request(api, body), told("a"));
    assertThat(plan).isInstanceOf(Refused.class);
    assertThat(((Refused) plan).why()).contains(why);
  }

  @Test
  void halfACharacter_isRefused() throws Exception {
    Transcript told = told("a");
    told.text.append('\ud83d');
    told.solidLength = 2;
    Continuation plan =
        Continuation.plan(request(Api.CHAT_COMPLETIONS, "{\"model\":\"m\",\"messages\":[]}"), told);
    assertThat(plan).isInstanceOf(Refused.class);
  }

  /** Whatever else the body says and however it is laid out stays as it was. */
  @Property(tries = 300)
  void anyBody_differsByTheContinuationOnly(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    ObjectNode body = JSON.createObjectNode();
    for (int i = random.nextInt(4); i > 0; i--) {
      body.set("x" + i, any(random, 3));
    }
    body.put("model", "m");
    for (int i = random.nextInt(4); i > 0; i--) {
      body.set("y" + i, any(random, 3));
    }
    for (int i = random.nextInt(4); i >= 0; i--) {
      ObjectNode message = body.withArray("messages").addObject();
      message.set("content", any(random, 2));
      message.put("role", "user");
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      body.set("z" + i, any(random, 3));
    }
    String written =
        random.nextBoolean()
            ? body.toString()
            : JSON.writerWithDefaultPrettyPrinter().writeValueAsString(body);
    JsonNode sent = JSON.readTree(chat(written, "So ", "far"));
    body.withArray("messages").addObject().put("role", "assistant").put("content", "So far");
    body.put("continue_final_message", true).put("add_generation_prompt", false);
    assertThat(sent).isEqualTo(body);
  }

  private static JsonNode any(Random random, int depth) {
    JsonNodeFactory nodes = JSON.getNodeFactory();
    return switch (random.nextInt(depth == 0 ? 4 : 6)) {
      case 0 ->
          nodes.textNode(new String[] {"", "größer 🐪", "\"]}\\", "\u0001,"}[random.nextInt(4)]);
      case 1 -> nodes.numberNode(random.nextInt());
      case 2 -> nodes.booleanNode(random.nextBoolean());
      case 3 -> nodes.nullNode();
      case 4 -> nodes.arrayNode().add(any(random, depth - 1)).add(any(random, depth - 1));
      default -> {
        ObjectNode object = nodes.objectNode();
        object.set("max_tokens", any(random, depth - 1));
        object.set("messages", any(random, depth - 1));
        yield object;
      }
    };
  }
}
