package dev.caravan.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.caravan.simulator.PromptBlocks;
import dev.caravan.simulator.ReceivedRequest;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.time.Chance;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The same requests in real time, over HTTP, at two simulated servers, and in virtual time: the
 * times to the first token must agree.
 *
 * <p>Real time makes a test depend on its machine, so as little of it as can be is let in: the
 * servers run at less than a third of their speed, both ends of a time are taken by the server
 * itself, and the replay takes the arrivals as the servers saw them. What is left is how late an
 * event loop's timers are, which may be a tenth of a second on average.
 */
@ExtendWith(QuietHealth.class)
class ModelAgreementTest {
  private static final double SPEEDUP = 0.3;
  private static final double TOLERANCE = 0.2;
  private static final int REQUESTS = 16;
  private static final int OUTPUT = 12;
  private static final long APART_MILLIS = 420;

  /** One long prompt of three documents, or a new one: the cache of a server has a part in it. */
  private static List<long[]> prompts() {
    Chance chance = Chance.seeded(5);
    List<long[]> prompts = new ArrayList<>();
    for (int i = 0; i < REQUESTS; i++) {
      int document = chance.below(3);
      long[] blocks = new long[8 + chance.below(9)];
      for (int b = 0; b < blocks.length; b++) {
        blocks[b] = b < 5 ? document * 100L + b : 1_000 + 100L * i + b;
      }
      prompts.add(blocks);
    }
    return prompts;
  }

  /** So that a block has exactly as many tokens for the server as for the trace. */
  private static String text(long[] blocks) {
    StringBuilder text = new StringBuilder();
    for (long block : blocks) {
      int end = text.length() + Trace.BLOCK_TOKENS * PromptBlocks.TOKEN_BYTES;
      while (text.length() < end) {
        text.append(block).append(' ');
      }
      text.setLength(end);
    }
    return text.toString();
  }

  @Test
  void timesToFirstToken_inRealAndVirtualTime_agree() throws Exception {
    List<long[]> prompts = prompts();
    Vertx vertx = Vertx.vertx();
    try (SimulatedServer one = server(vertx);
        SimulatedServer other = server(vertx)) {
      HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
      warmUp(http, one);
      warmUp(http, other);
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (int i = 0; i < REQUESTS; i++) {
        CompletableFuture<HttpResponse<String>> answer = new CompletableFuture<>();
        answers.add(answer);
        HttpRequest request = request(i % 2 == 0 ? one : other, i, prompts.get(i));
        vertx.setTimer(
            1 + i * APART_MILLIS,
            timer ->
                http.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                    .whenComplete(
                        (response, failure) -> {
                          if (failure == null) {
                            answer.complete(response);
                          } else {
                            answer.completeExceptionally(failure);
                          }
                        }));
      }
      for (CompletableFuture<HttpResponse<String>> answer : answers) {
        assertThat(answer.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      }
      compare(one, prompts);
      compare(other, prompts);
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  /** The first requests wait for classes to be loaded and compiled. */
  private static void warmUp(HttpClient http, SimulatedServer server) throws Exception {
    for (int i = 0; i < 5; i++) {
      HttpRequest request = request(server, -1, new long[] {1_000_000 + i, 2, 3, 4});
      http.send(request, HttpResponse.BodyHandlers.ofString());
    }
    server.forgetRequests();
  }

  private static SimulatedServer server(Vertx vertx) {
    return SimulatedServer.builder(vertx).speedup(SPEEDUP).build().startAndWait();
  }

  private static HttpRequest request(SimulatedServer server, int number, long[] blocks) {
    String body =
        "{\"model\":\"llama-3.1-8b\",\"stream\":true,\"max_tokens\":"
            + OUTPUT
            + ",\"min_tokens\":"
            + OUTPUT
            + ",\"prompt\":\""
            + text(blocks)
            + "\"}";
    return HttpRequest.newBuilder(URI.create(server.uri() + "/v1/completions"))
        .header("content-type", "application/json")
        .header("x-number", String.valueOf(number))
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private static void compare(SimulatedServer server, List<long[]> prompts) {
    List<ReceivedRequest> received = server.requests("/v1/completions");
    assertThat(received).hasSize(REQUESTS / 2);
    List<Trace.Request> requests = new ArrayList<>();
    double sum = 0;
    for (ReceivedRequest each : received) {
      long[] blocks = prompts.get(Integer.parseInt(each.header("x-number").orElseThrow()));
      double atMillis = (each.receivedAtNanos() - received.get(0).receivedAtNanos()) / 1e6;
      requests.add(
          new Trace.Request(
              atMillis * SPEEDUP, blocks.length * Trace.BLOCK_TOKENS, OUTPUT, blocks));
      long[] emitted = each.emittedAtNanos();
      assertThat(emitted).hasSize(OUTPUT);
      sum += (emitted[0] - each.receivedAtNanos()) / 1e6 * SPEEDUP;
    }
    double real = sum / received.size();
    Workload workload = Workload.of(new Trace("received", requests), 16);
    Figures virtual =
        new Replay(workload, Setup.DEFAULT.withServers(1), "round-robin", Scenario.STEADY, 1).run();
    assertThat(virtual.hitShare()).as("the cache takes part").isBetween(0.1, 0.9);
    assertThat(real).isCloseTo(virtual.meanTtft(), within(TOLERANCE * virtual.meanTtft()));
    assertThat(virtual.meanTtft()).as("far longer than a timer is late").isGreaterThan(150);
  }
}
