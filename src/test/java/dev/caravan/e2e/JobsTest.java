package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.TestGateway;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.ScriptedServer;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.spi.IdempotentRepository;
import org.apache.camel.support.processor.idempotent.MemoryIdempotentRepository;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages become jobs, and each comes to one end, whatever its broker is. */
class JobsTest extends EndToEnd {
  private final Jobs jobs = new Jobs();

  private TestGateway start(URI server, String... parameters) throws Exception {
    return start(PoolYaml.single(server) + Jobs.routes(parameters), Map.of(), jobs.beans());
  }

  private CompletableFuture<Exchange> send(String message) {
    return send(message, Map.of());
  }

  private CompletableFuture<Exchange> send(String message, Map<String, Object> headers) {
    return gateway().send("direct:in", message, headers);
  }

  /** Waits until a meter has counted one; it does so just after the answer is out. */
  private void awaitOne(String meter, String tag, String value) {
    await()
        .untilAsserted(
            () ->
                assertThat(
                        gateway()
                            .meters()
                            .get(meter)
                            .tags("jobs", "work", tag, value)
                            .counter()
                            .count())
                    .isEqualTo(1));
  }

  // ---- answers

  @Test
  void line_isAnsweredByALine() throws Exception {
    SimulatedServer server = simulated("s");
    start(server.uri());
    send(Jobs.line("job-1", Chat.whole("Hello")), Map.of("Correlation-Id", "c-7")).join();
    Jobs.Sent answer = jobs.answers.await(1).get(0);
    assertThat(answer.id()).isEqualTo("job-1");
    assertThat(answer.json().getString("id")).startsWith("batch_req_");
    assertThat(answer.json().containsKey("error")).isTrue();
    assertThat(answer.json().getValue("error")).isNull();
    assertThat(answer.status()).isEqualTo(200);
    JsonObject body = answer.json().getJsonObject("response").getJsonObject("body");
    assertThat(body.getString("object")).isEqualTo("chat.completion");
    assertThat(answer.json().getJsonObject("response").getString("request_id")).isNotBlank();
    assertThat(answer.header("caravan-custom-id")).isEqualTo("job-1");
    assertThat(answer.header("caravan-status")).isEqualTo("200");
    assertThat(answer.header("JMSCorrelationID")).isEqualTo("c-7");
    awaitOne("caravan.jobs", "outcome", "answered");
    await().until(() -> gateway().accessLog(), log -> !log.isEmpty());
    assertThat(gateway().accessLog())
        .singleElement()
        .satisfies(
            line ->
                assertThat(new JsonObject(line).getMap())
                    .containsEntry("jobs", "work")
                    .containsEntry("custom_id", "job-1")
                    .containsEntry("status", 200)
                    .containsEntry("backend", "only"));
  }

  @Test
  void tenant_isTheEndpoints_andNotOneThatAMessageNames() throws Exception {
    start(simulated("s").uri(), "tenant: acme");
    send(
            Jobs.line("job-1", Chat.whole("Hello")),
            Map.of("caravan.tenant", "other", "tenant", "other", "authorization", "Bearer other"))
        .join();
    assertThat(jobs.answers.await(1).get(0).status()).isEqualTo(200);
    await().until(() -> gateway().accessLog(), log -> !log.isEmpty());
    assertThat(new JsonObject(gateway().accessLog().get(0)).getString("tenant")).isEqualTo("acme");
  }

  @Test
  void bareRequest_whereTheRouteNamesItsUrl_isNamedByItsHeaderOrItsPlace() throws Exception {
    start(simulated("s").uri(), "url: \"/v1/chat/completions\"");
    send(Chat.whole("a"), Map.of("caravan-custom-id", "mine")).join();
    send(Chat.whole("b")).join();
    assertThat(jobs.answers.await(2)).extracting(Jobs.Sent::status).containsOnly(200);
    assertThat(jobs.answers.all().get(0).id()).isEqualTo("mine");
    assertThat(jobs.answers.all().get(1).id()).startsWith("exchange ");
  }

  @Test
  void requestAtFault_isAnsweredWithTheServersError() throws Exception {
    ScriptedServer server =
        closing(ScriptedServer.answering(ScriptedServer.whole(422, "{\"error\":\"no\"}")));
    start(server.uri());
    send(Jobs.line("bad", Chat.whole("Hello"))).join();
    Jobs.Sent answer = jobs.answers.await(1).get(0);
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.json().getJsonObject("response").getJsonObject("body").getString("error"))
        .isEqualTo("no");
    awaitOne("caravan.jobs", "outcome", "client_error");
  }

  @Test
  void answerThatIsNoJson_isAText() throws Exception {
    ScriptedServer server =
        closing(ScriptedServer.answering(ScriptedServer.whole(200, "just \"text\"")));
    start(server.uri());
    send(Jobs.line("text", Chat.whole("Hello"))).join();
    assertThat(jobs.answers.await(1).get(0).json().getJsonObject("response").getString("body"))
        .isEqualTo("just \"text\"");
  }

  @Test
  void streamedAnswer_isPutTogether_andItsEventsGoAhead() throws Exception {
    start(simulated("s").uri(), "chunks: \"direct:chunks\"");
    send(Jobs.line("stream", Chat.stream("Tell me", 9))).join();
    Jobs.Sent answer = jobs.answers.await(1).get(0);
    JsonObject body = answer.json().getJsonObject("response").getJsonObject("body");
    assertThat(body.getString("object")).isEqualTo("chat.completion");
    JsonObject choice = body.getJsonArray("choices").getJsonObject(0);
    assertThat(choice.getString("finish_reason")).isNotNull();
    assertThat(choice.containsKey("delta")).isFalse();
    StringBuilder text = new StringBuilder();
    for (Jobs.Sent chunk : jobs.chunks.all()) {
      assertThat(chunk.id()).isEqualTo("stream");
      JsonObject event = chunk.json().getJsonObject("chunk");
      if (!event.getJsonArray("choices").isEmpty()) {
        text.append(
            event
                .getJsonArray("choices")
                .getJsonObject(0)
                .getJsonObject("delta")
                .getString("content", ""));
      }
    }
    assertThat(text).isNotEmpty();
    assertThat(choice.getJsonObject("message").getString("content")).isEqualTo(text.toString());
    assertThat(jobs.chunks.all())
        .extracting(chunk -> chunk.header("caravan-sequence"))
        .isEqualTo(
            IntStream.range(0, jobs.chunks.all().size()).mapToObj(Integer::toString).toList());
  }

  @Test
  void answersRoute_goesOnWithTheAnswer() throws Exception {
    start(simulated("s").uri(), "answers: route");
    Exchange exchange = send(Jobs.line("back", Chat.whole("Hello"))).join();
    assertThat(new JsonObject(exchange.getMessage().getBody(String.class)).getString("custom_id"))
        .isEqualTo("back");
    assertThat(jobs.answers.all()).isEmpty();
  }

  // ---- dead letters

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "not json | invalid_message",
        "[1] | invalid_message",
        "{\"custom_id\":\"x\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\"} |"
            + " invalid_message",
        "{\"custom_id\":7,\"url\":\"/v1/chat/completions\",\"body\":{}} | invalid_message",
        "{\"custom_id\":\"x\",\"method\":\"GET\",\"url\":\"/v1/chat/completions\",\"body\":{}} |"
            + " invalid_message",
        "{\"custom_id\":\"x\",\"url\":\"/v1/chat/completions\",\"body\":{},\"body\":{}} |"
            + " invalid_message",
        "{\"custom_id\":\"x\",\"method\":\"POST\",\"url\":\"/v1/files\",\"body\":{}} | unknown_url",
        "{\"custom_id\":\"x\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{}} |"
            + " invalid_request",
        "{\"custom_id\":\"x\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\","
            + "\"body\":{\"model\":\"nobody\",\"messages\":[]}} | unknown_model",
        "{\"model\":\"llama-3.1-8b\",\"messages\":[]} | invalid_message",
        "{\"custom_id\":\"x\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"m\"}}x |"
            + " invalid_message"
      })
  void poison_goesWhereDeadLettersGo_asItCame(String message, String reason) throws Exception {
    start(simulated("s").uri());
    send(message, Map.of("x-of-mine", "kept")).join();
    Jobs.Sent dead = jobs.deadLetters.await(1).get(0);
    assertThat(dead.body()).isEqualTo(message);
    assertThat(dead.header("caravan-reason")).isEqualTo(reason);
    assertThat(dead.header("caravan-detail")).isNotBlank();
    assertThat(dead.header("caravan-origin")).startsWith("exchange ");
    assertThat(dead.header("x-of-mine")).isEqualTo("kept");
    awaitOne("caravan.jobs.dead.letters", "reason", reason);
    send(Jobs.line("next", Chat.whole("Hello"))).join();
    assertThat(jobs.answers.await(1).get(0).id()).isEqualTo("next");
  }

  @ParameterizedTest
  @CsvSource({
    "caravan-priority, 11, invalid_header",
    "caravan-deadline, tomorrow, invalid_header",
    "caravan-reply-to, elsewhere, reply_to",
    "traceparent, 'a\r\nx-evil: 1', invalid_request"
  })
  void headerThatMustNotBe_isPoison(String name, String value, String reason) throws Exception {
    start(simulated("s").uri());
    send(Jobs.line("x", Chat.whole("Hello")), Map.of(name, value)).join();
    assertThat(jobs.deadLetters.await(1).get(0).header("caravan-reason")).isEqualTo(reason);
  }

  @Test
  void tooLarge_isPoison() throws Exception {
    start(
        PoolYaml.single(simulated("s").uri()) + Jobs.routes(),
        Map.of("caravan.http.max-body", "1K"),
        jobs.beans());
    send(Jobs.line("big", Chat.whole("x".repeat(2_000)))).join();
    assertThat(jobs.deadLetters.await(1).get(0).header("caravan-reason")).isEqualTo("too_large");
  }

  // ---- waiting and failing

  @Test
  void deadlineThatHasPassed_isAnsweredAndNotRun() throws Exception {
    SimulatedServer server = simulated("s");
    start(server.uri());
    send(Jobs.line("late", Chat.whole("Hello")), Map.of("caravan-deadline", "2020-01-01T00:00:00Z"))
        .join();
    Jobs.Sent answer = jobs.answers.await(1).get(0);
    assertThat(answer.json().getValue("response")).isNull();
    assertThat(answer.json().getJsonObject("error").getString("code")).isEqualTo("batch_expired");
    assertThat(server.received()).isZero();
    awaitOne("caravan.jobs", "outcome", "expired");
  }

  @Test
  void deadlineThatPassesWhileItRuns_isAnsweredSo() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              over.await();
            });
    start(server.uri(), "deadline: 300ms");
    try {
      send(Jobs.line("slow", Chat.whole("Hello"))).join();
      assertThat(jobs.answers.await(1).get(0).json().getJsonObject("error").getString("code"))
          .isEqualTo("batch_expired");
    } finally {
      over.countDown();
    }
  }

  @Test
  void serverThatFails_isAskedAgainUntilItAnswers() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(
                  connection <= 2
                      ? ScriptedServer.whole(500, "{}")
                      : ScriptedServer.whole(200, "{\"ok\":true}"));
            });
    start(server.uri(), "maxFailures: 5");
    send(Jobs.line("again", Chat.whole("Hello"))).join();
    assertThat(jobs.answers.await(1).get(0).status()).isEqualTo(200);
    assertThat(
            gateway().meters().get("caravan.jobs.failures").tag("jobs", "work").counter().count())
        .isEqualTo(2);
  }

  @Test
  void failsAsOftenAsItMay_isAnsweredWithTheError() throws Exception {
    SimulatedServer server = simulated("s");
    server.fault(new Fault.Status(500));
    start(server.uri(), "maxFailures: 2");
    send(Jobs.line("hopeless", Chat.whole("Hello"))).join();
    Jobs.Sent answer = jobs.answers.await(1).get(0);
    assertThat(answer.status()).isEqualTo(500);
    awaitOne("caravan.jobs", "outcome", "failed");
    assertThat(jobs.deadLetters.all()).isEmpty();
  }

  @Test
  void nobodyWell_waitsAndIsNoDeadLetter() throws Exception {
    SimulatedServer server = simulated("s");
    server.fault(new Fault.Status(503));
    start(
        PoolYaml.of(PoolYaml.MODEL)
                .parameters("ejectAfter: 1", "ejectionTime: 1s", "maxEjected: 100", "panic: 0")
                .server("only", server.uri())
                .text()
            + Jobs.routes("inflight: 4"),
        Map.of(),
        jobs.beans());
    List<CompletableFuture<Exchange>> sent =
        IntStream.range(0, 8)
            .mapToObj(i -> send(Jobs.line("j" + i, Chat.whole("Hello " + i))))
            .toList();
    await().until(() -> server.received() >= 2);
    assertThat(jobs.answers.all()).isEmpty();
    server.heal();
    sent.forEach(CompletableFuture::join);
    assertThat(jobs.answers.await(8)).extracting(Jobs.Sent::status).containsOnly(200);
    assertThat(jobs.deadLetters.all()).isEmpty();
  }

  @Test
  void serverThatAsksToBeLeftAlone_isAskedAgainWhenItSaid() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              for (int i = 0; peer.request() != null; i++) {
                peer.send(
                    i == 0 && connection == 1
                        ? ScriptedServer.whole(429, "{}", "Retry-After: 1")
                        : ScriptedServer.whole(200, "{}"));
              }
            });
    AtomicInteger asked = new AtomicInteger();
    Map<String, Object> beans = new HashMap<>(jobs.beans());
    beans.put("asked", (Processor) exchange -> asked.incrementAndGet());
    start(
        PoolYaml.single(server.uri())
            + Jobs.routes()
                .replace("- to: \"pool:*\"", "- process: { ref: asked }\n        - to: \"pool:*\""),
        Map.of(),
        beans);
    send(Jobs.line("later", Chat.whole("Hello"))).join();
    assertThat(jobs.answers.await(1).get(0).status()).isEqualTo(200);
    // Not at once as well, to be told by the routes that nobody is well.
    assertThat(asked).hasValue(2);
  }

  @Test
  void higherPriority_runsFirst() throws Exception {
    CountDownLatch first = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              while (peer.request() != null) {
                first.countDown();
                go.await();
                peer.send(ScriptedServer.whole(200, "{}"));
              }
            });
    start(server.uri(), "inflight: 1", "held: 10");
    send(Jobs.line("running", Chat.whole("running")));
    first.await();
    send(Jobs.line("low", Chat.whole("low")), Map.of("caravan-priority", "1"));
    send(Jobs.line("middle", Chat.whole("middle")));
    send(Jobs.line("high", Chat.whole("high")), Map.of("caravan_priority", "9"));
    await().until(() -> gateway().jobs() == 4);
    go.countDown();
    jobs.answers.await(4);
    assertThat(server.requests())
        .extracting(ScriptedServer.Request::text)
        .containsExactly(
            Chat.whole("running"), Chat.whole("high"), Chat.whole("middle"), Chat.whole("low"));
  }

  @Test
  void repeats_areNotRunAgain() throws Exception {
    SimulatedServer server = simulated("s");
    start(server.uri(), "repeats: 100");
    send(Jobs.line("once", Chat.whole("Hello"))).join();
    send(Jobs.line("once", Chat.whole("Hello"))).join();
    send(Jobs.line("other", Chat.whole("Hello"))).join();
    assertThat(jobs.answers.await(2)).extracting(Jobs.Sent::id).containsExactly("once", "other");
    assertThat(server.received()).isEqualTo(2);
    awaitOne("caravan.jobs", "outcome", "repeated");
  }

  @Test
  void repeats_mayBeRememberedByABean() throws Exception {
    SimulatedServer server = simulated("s");
    Map<String, Object> beans = new HashMap<>(jobs.beans());
    IdempotentRepository answered = MemoryIdempotentRepository.memoryIdempotentRepository(10);
    answered.add("before");
    beans.put("answered", answered);
    start(
        PoolYaml.single(server.uri()) + Jobs.routes("idempotentRepository: \"#answered\""),
        Map.of(),
        beans);
    send(Jobs.line("before", Chat.whole("Hello"))).join();
    send(Jobs.line("now", Chat.whole("Hello"))).join();
    assertThat(jobs.answers.await(1)).extracting(Jobs.Sent::id).containsExactly("now");
    await().until(() -> answered.contains("now"));
    assertThat(server.received()).isEqualTo(1);
  }

  @Test
  void drain_endsWhatRunsAndGivesBackWhatWaits() throws Exception {
    CountDownLatch first = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              first.countDown();
              go.await();
              peer.send(ScriptedServer.whole(200, "{}"));
            });
    start(server.uri(), "inflight: 1", "held: 10");
    CompletableFuture<Exchange> runs = send(Jobs.line("runs", Chat.whole("0")));
    first.await();
    CompletableFuture<Exchange> waits = send(Jobs.line("waits", Chat.whole("1")));
    await().until(() -> gateway().jobs() == 2);
    CompletableFuture<Void> drained = CompletableFuture.runAsync(gateway()::drain);
    assertThat(waits.join().getException()).hasMessageContaining("the gateway stops");
    assertThat(runs).isNotDone();
    go.countDown();
    drained.join();
    assertThat(runs.join().getException()).isNull();
    assertThat(jobs.answers.all()).extracting(Jobs.Sent::id).containsExactly("runs");
  }
}
