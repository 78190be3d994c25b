package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIException;
import com.openai.errors.RateLimitException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.embeddings.EmbeddingCreateParams;
import dev.caravan.simulator.ArmedFault;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** OpenAI's own Java client. */
class OpenAiClientTest extends EndToEnd {
  private SimulatedServer server;
  private OpenAIClient client;

  @BeforeEach
  void connect() throws Exception {
    server = simulated("only");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .aliases("gpt-4o-mini")
            .server("only", server.uri(), "firstTokenTimeout: 2s")
            .text());
    client =
        OpenAIOkHttpClient.builder()
            .baseUrl(gateway().baseUrl())
            .apiKey("not-needed")
            .maxRetries(0)
            .build();
  }

  @AfterEach
  void disconnect() {
    client.close();
  }

  private static ChatCompletionCreateParams chat(String model, int tokens) {
    return ChatCompletionCreateParams.builder()
        .model(model)
        .addUserMessage("Hello, größer 🐪")
        .maxCompletionTokens(tokens)
        .build();
  }

  @Test
  void chat_isAnswered() {
    ChatCompletion answer = client.chat().completions().create(chat("gpt-4o-mini", 50));
    assertThat(answer.choices().get(0).message().content().orElse("")).contains("This is only");
    assertThat(answer.model()).isEqualTo(PoolYaml.MODEL);
    assertThat(answer.usage().orElseThrow().completionTokens()).isEqualTo(50);
  }

  @Test
  void stream_isReadToItsEnd() {
    String whole =
        client
            .chat()
            .completions()
            .create(chat(PoolYaml.MODEL, 60))
            .choices()
            .get(0)
            .message()
            .content()
            .orElse("");
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(chat(PoolYaml.MODEL, 60))) {
      String streamed =
          stream.stream()
              .flatMap(chunk -> chunk.choices().stream())
              .map(choice -> choice.delta().content().orElse(""))
              .collect(Collectors.joining());
      assertThat(streamed).isEqualTo(whole).contains("größer 🐪");
    }
  }

  @Test
  void stream_closedHalfWay_isAbortedAtTheServer() throws Exception {
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(chat(PoolYaml.MODEL, 100_000))) {
      assertThat(stream.stream().iterator().hasNext()).isTrue();
    }
    await().atMost(LONG).until(() -> server.running() == 0);
    client.close();
    gateway().awaitIdle();
  }

  @Test
  void stream_cutByTheServer_isAnErrorAndNoEnd() {
    server.fault(new Fault.CutMidStream(3));
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(chat(PoolYaml.MODEL, 60))) {
      Iterator<ChatCompletionChunk> chunks = stream.stream().iterator();
      assertThatThrownBy(() -> chunks.forEachRemaining(chunk -> {}))
          .isInstanceOf(OpenAIException.class);
    }
  }

  @Test
  void embeddings_areAnswered() {
    List<Float> vector =
        client
            .embeddings()
            .create(
                EmbeddingCreateParams.builder()
                    .model(PoolYaml.MODEL)
                    .input("Hello, größer")
                    .build())
            .data()
            .get(0)
            .embedding();
    assertThat(vector).isNotEmpty();
  }

  @Test
  void models_areListed() {
    assertThat(client.models().list().data().stream().map(model -> model.id()))
        .containsExactly("gpt-4o-mini", PoolYaml.MODEL);
    assertThat(client.models().retrieve("gpt-4o-mini").id()).isEqualTo("gpt-4o-mini");
  }

  @Test
  void errors_areOfTheirKind() {
    assertThatThrownBy(() -> client.chat().completions().create(chat("nobody", 5)))
        .isInstanceOf(NotFoundException.class)
        .hasMessageContaining("does not exist");
    assertThatThrownBy(() -> client.models().retrieve("nobody"))
        .isInstanceOf(NotFoundException.class);
    assertThatThrownBy(() -> client.chat().completions().create(chat("", 5)))
        .isInstanceOf(BadRequestException.class);
    server.fault(new Fault.Status(503));
    assertThatThrownBy(() -> client.chat().completions().createStreaming(chat(PoolYaml.MODEL, 5)))
        .isInstanceOfSatisfying(
            InternalServerException.class, e -> assertThat(e.statusCode()).isEqualTo(503));
    server.fault(new Fault.Status(429, 3)); // the last: it is left alone for that time
    assertThatThrownBy(() -> client.chat().completions().create(chat(PoolYaml.MODEL, 5)))
        .isInstanceOfSatisfying(
            RateLimitException.class,
            e -> assertThat(e.headers().values("retry-after")).containsExactly("3"));
  }

  @Test
  void retriesOfTheClient_workAsItExpects() {
    server.fault(ArmedFault.once(new Fault.Status(503)));
    try (OpenAIClientHandle retrying = new OpenAIClientHandle(gateway().baseUrl())) {
      assertThat(retrying.client().chat().completions().create(chat(PoolYaml.MODEL, 5)).choices())
          .hasSize(1);
    }
    assertThat(server.received()).isEqualTo(2);
  }

  @Test
  void retriesOfTheClient_afterABadGateway_comeAgainWhenToldTo() throws Exception {
    server.fault(ArmedFault.once(new Fault.Reset()));
    try (OpenAIClientHandle retrying = new OpenAIClientHandle(gateway().baseUrl())) {
      assertThat(retrying.client().chat().completions().create(chat(PoolYaml.MODEL, 5)).choices())
          .hasSize(1);
    }
    assertThat(server.received()).isEqualTo(2);
  }

  @Test
  void retriesOfTheClient_afterATimeout_areSpared() throws Exception {
    server.fault(new Fault.HangBeforeHead());
    try (OpenAIClientHandle retrying = new OpenAIClientHandle(gateway().baseUrl())) {
      assertThatThrownBy(
              () -> retrying.client().chat().completions().create(chat(PoolYaml.MODEL, 5)))
          .isInstanceOfSatisfying(
              InternalServerException.class, e -> assertThat(e.statusCode()).isEqualTo(504));
    }
    assertThat(server.received()).as("a slow server gets no second copy").isEqualTo(1);
  }

  /** A client that tries again, closed at the end of a block. */
  private record OpenAIClientHandle(OpenAIClient client) implements AutoCloseable {
    OpenAIClientHandle(String baseUrl) {
      this(OpenAIOkHttpClient.builder().baseUrl(baseUrl).apiKey("x").maxRetries(2).build());
    }

    @Override
    public void close() {
      client.close();
    }
  }
}
