package dev.caravan.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import io.vertx.core.Vertx;
import java.io.BufferedReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The demo fleet, the command line, and OpenAI's own client against them. */
class SimulatedFleetTest {
  private static final ChatCompletionCreateParams CHAT =
      ChatCompletionCreateParams.builder()
          .model(SimulatedServer.DEFAULT_MODEL)
          .addUserMessage("Are you ready?")
          .build();
  private static Vertx vertx;

  @BeforeAll
  static void startVertx() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stopVertx() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void demoFleet_threeServers_answerWithTheirNames() {
    try (DemoFleet fleet =
        DemoFleet.create(vertx, 0, List.of(SimulatedServer.DEFAULT_MODEL), 100, 7).startAndWait()) {
      assertThat(fleet.uris()).containsOnlyKeys("swift", "steady", "slow");
      for (SimulatedServer server : fleet.servers()) {
        OpenAIClient client = openAi(server);
        ChatCompletion chat = client.chat().completions().create(CHAT);
        assertThat(chat.choices().get(0).message().content().orElseThrow())
            .startsWith("ready")
            .contains(server.name());
        assertThat(chat.usage().orElseThrow().completionTokens()).isPositive();
      }
    }
  }

  @Test
  void openAiClient_streamsAndEmbeds() {
    try (SimulatedServer server =
        SimulatedServer.builder(vertx).speedup(100).build().startAndWait()) {
      OpenAIClient client = openAi(server);
      StringBuilder text = new StringBuilder();
      try (StreamResponse<ChatCompletionChunk> stream =
          client.chat().completions().createStreaming(CHAT)) {
        stream.stream()
            .flatMap(chunk -> chunk.choices().stream())
            .forEach(choice -> text.append(choice.delta().content().orElse("")));
      }
      assertThat(text).startsWith("ready");
      CreateEmbeddingResponse embeddings =
          client
              .embeddings()
              .create(
                  EmbeddingCreateParams.builder()
                      .model(SimulatedServer.DEFAULT_MODEL)
                      .input("sand")
                      .dimensions(16)
                      .build());
      assertThat(embeddings.data().get(0).embedding()).hasSize(16);
    }
  }

  @Test
  void options_wrongOnes_areNamed() {
    SimulatedServerBuilder builder = SimulatedServer.builder(vertx);
    assertThatThrownBy(() -> SimulatorMain.configure(builder, "--color", "red"))
        .hasMessage("unknown option --color");
    assertThatThrownBy(() -> SimulatorMain.configure(builder, "--port"))
        .hasMessage("--port is unknown or has no value");
    assertThatThrownBy(() -> SimulatorMain.configure(builder, "--port", "many"))
        .hasMessage("--port wants a number, not many");
    assertThatThrownBy(() -> SimulatorMain.configure(builder, "--speedup", "0"))
        .hasMessageContaining("speedup must be above 0");
    assertThatThrownBy(() -> SimulatorMain.configure(builder, "--card", "b200"))
        .hasMessageContaining("h100 or a100");
  }

  @Test
  void options_all_areTaken() {
    SimulatedServer server =
        SimulatorMain.configure(
                SimulatedServer.builder(vertx),
                "--port",
                "9001",
                "--name",
                "a",
                "--model",
                "m1",
                "--model",
                "m2",
                "--card",
                "a100",
                "--speedup",
                "20",
                "--step-factor",
                "2",
                "--max-seqs",
                "64",
                "--kv-blocks",
                "1000",
                "--seed",
                "5")
            .build();
    assertThat(server.name()).isEqualTo("a");
    assertThat(server.models()).containsExactly("m1", "m2");
    assertThat(server.uri()).hasToString("http://127.0.0.1:9001");
    assertThat(SimulatorMain.HELP).contains("--step-factor").contains("--remember");
  }

  @Test
  void main_inAProcessOfItsOwn_printsWhereItIs() throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    ProcessBuilder command =
        new ProcessBuilder(
            java, "-cp", classPath, SimulatorMain.class.getName(), "--name", "apart");
    Process process = command.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      String line = out.readLine();
      assertThat(line).startsWith("ready http://127.0.0.1:");
      SimClient client = new SimClient(URI.create(line.substring("ready ".length())));
      assertThat(client.get("/health").headers().firstValue("x-simulated-server"))
          .contains("apart");
    } finally {
      process.destroy();
      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static OpenAIClient openAi(SimulatedServer server) {
    return OpenAIOkHttpClient.builder()
        .baseUrl(server.uri() + "/v1")
        .apiKey("none")
        .maxRetries(0)
        .build();
  }
}
