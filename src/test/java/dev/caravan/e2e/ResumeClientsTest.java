package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import dev.caravan.simulator.ArmedFault;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What real clients make of a stream that two servers gave. */
class ResumeClientsTest extends Resuming {
  private static final String PROMPT = "How far is it?";

  private SimulatedServer dying;
  private String whole;
  private int tokens;

  @BeforeEach
  void startTwins() throws Exception {
    dying = simulated("twin");
    SimulatedServer other = simulated("twin");
    // The JDK's client keeps its connections until it is collected.
    startPool(List.of(), Map.of("caravan.http.idle-timeout", "1s"), dying.uri(), other.uri());
    JsonNode answer = Chat.json(ask(Chat.body(PROMPT, "\"max_tokens\":60")).body());
    whole = answer.at("/choices/0/message/content").asText();
    tokens = answer.at("/usage/completion_tokens").asInt();
    dying.fault(ArmedFault.once(new Fault.CutMidStream(20)));
  }

  @Test
  void openAi_accumulatesOneAnswer() {
    OpenAIClient client =
        OpenAIOkHttpClient.builder()
            .baseUrl(gateway().baseUrl())
            .apiKey("not-needed")
            .maxRetries(0)
            .build();
    ChatCompletionCreateParams params =
        ChatCompletionCreateParams.builder()
            .model(PoolYaml.MODEL)
            .addUserMessage(PROMPT)
            .maxCompletionTokens(60)
            .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
            .build();
    ChatCompletionAccumulator accumulator = ChatCompletionAccumulator.create();
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(params)) {
      stream.stream().forEach(accumulator::accumulate);
    }
    client.close();
    ChatCompletion answer = accumulator.chatCompletion();
    assertThat(answer.choices()).hasSize(1);
    assertThat(answer.choices().get(0).message().content()).contains(whole);
    assertThat(answer.choices().get(0).finishReason())
        .isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
    assertThat(answer.usage().orElseThrow().completionTokens()).isEqualTo(tokens);
    assertThat(resumptions("resumed")).isEqualTo(1);
  }

  @Test
  void langChain4j_readsOneAnswer() throws Exception {
    StringBuilder partial = new StringBuilder();
    CompletableFuture<ChatResponse> read =
        LangChain4jStream.read(gateway().baseUrl(), PROMPT, 60, partial::append);
    ChatResponse answer = read.get(20, TimeUnit.SECONDS);
    assertThat(answer.aiMessage().text()).isEqualTo(whole).isEqualTo(partial.toString());
    assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(answer.tokenUsage().outputTokenCount()).isEqualTo(tokens);
    assertThat(resumptions("resumed")).isEqualTo(1);
  }
}
