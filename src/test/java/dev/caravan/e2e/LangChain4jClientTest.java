package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** LangChain4j, whose client is the JDK's: it offers HTTP/2 with every request. */
class LangChain4jClientTest extends EndToEnd {
  private SimulatedServer server;

  @BeforeEach
  void startOne() throws Exception {
    server = simulated("only");
    // The JDK's client keeps its connections until it is collected.
    start(PoolYaml.single(server.uri()), java.util.Map.of("caravan.http.idle-timeout", "1s"));
  }

  private OpenAiChatModel chat(String model) {
    return OpenAiChatModel.builder()
        .baseUrl(gateway().baseUrl())
        .apiKey("not-needed")
        .modelName(model)
        .maxTokens(60)
        .maxRetries(0)
        .build();
  }

  private CompletableFuture<ChatResponse> stream(StringBuilder partial) {
    return LangChain4jStream.read(gateway().baseUrl(), "Hello, größer 🐪", 60, partial::append);
  }

  @Test
  void chat_isAnswered() {
    assertThat(chat(PoolYaml.MODEL).chat("Hello, größer 🐪")).contains("größer 🐪", "This is only");
  }

  @Test
  void stream_isReadToItsEnd() throws Exception {
    StringBuilder partial = new StringBuilder();
    ChatResponse whole = stream(partial).get(20, TimeUnit.SECONDS);
    assertThat(whole.aiMessage().text()).isEqualTo(partial.toString()).contains("größer 🐪");
    assertThat(whole.tokenUsage().outputTokenCount()).isPositive();
    assertThat(whole.finishReason()).isNotNull();
  }

  /** It takes an error event for the end of the stream; only the missing reason tells. */
  @Test
  void stream_cutByTheServer_hasNoFinishReason() throws Exception {
    server.fault(new Fault.CutMidStream(3));
    ChatResponse cut = stream(new StringBuilder()).get(20, TimeUnit.SECONDS);
    assertThat(cut.finishReason()).isNull();
  }

  @Test
  void embeddings_areAnswered() {
    OpenAiEmbeddingModel model =
        OpenAiEmbeddingModel.builder()
            .baseUrl(gateway().baseUrl())
            .apiKey("not-needed")
            .modelName(PoolYaml.MODEL)
            .maxRetries(0)
            .build();
    assertThat(model.embed("Hello").content().vector()).isNotEmpty();
  }

  @Test
  void errors_areOfTheirKind() {
    assertThatThrownBy(() -> chat("nobody").chat("Hello"))
        .isInstanceOf(ModelNotFoundException.class)
        .hasMessageContaining("does not exist");
    server.fault(new Fault.Status(429, 3));
    assertThatThrownBy(() -> chat(PoolYaml.MODEL).chat("Hello"))
        .isInstanceOf(RateLimitException.class);
  }
}
