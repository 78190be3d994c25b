package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.ArmedFault;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Every request is one span, and every attempt one below it, however they end. */
class TracingTest extends Traced {
  private static final String FIRST = "weight: 256";
  private static final String STATUS = "caravan.outcome";
  private static final String ERROR = "error.type";
  private static final String PURPOSE = "caravan.attempt.purpose";

  // ---- a request that goes well

  @Test
  void stream_isAServerSpan_andItsAttemptAClientSpan_inTheWordsOfTheConventions() throws Exception {
    SimulatedServer server = simulated("s");
    start(PoolYaml.of(PoolYaml.MODEL).server("gpu-a", server.uri()).text(), ALL);
    String body =
        Chat.body(
            "canary",
            "\"stream\":true,\"stream_options\":{\"include_usage\":true},\"max_tokens\":5");
    ask(body, "traceparent: " + PARENT, "tracestate: a=b", "x-session-id: secret-7");
    List<SpanData> all = spans(2);
    SpanData road = road(all);
    SpanData attempt = attempts(all).get(0);
    assertThat(road.getKind()).isEqualTo(SpanKind.SERVER);
    assertThat(road.getName()).isEqualTo("chat " + PoolYaml.MODEL);
    assertThat(road.getTraceId()).isEqualTo(TRACE);
    assertThat(road.getParentSpanId()).isEqualTo("00f067aa0ba902b7");
    assertThat(road.getParentSpanContext().isRemote()).isTrue();
    assertThat(text(road, "http.route")).isEqualTo(Chat.PATH);
    assertThat(number(road, "http.response.status_code")).isEqualTo(200);
    assertThat(text(road, "gen_ai.operation.name")).isEqualTo("chat");
    assertThat(text(road, "caravan.pool")).isEqualTo(PoolYaml.MODEL);
    assertThat(number(road, "caravan.attempts")).isEqualTo(1);
    assertThat(text(road, STATUS)).isEqualTo("completed");
    assertThat(road.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);

    assertThat(attempt.getName()).isEqualTo("chat " + PoolYaml.MODEL);
    assertThat(text(attempt, "gen_ai.provider.name")).isEqualTo("openai");
    assertThat(text(attempt, "gen_ai.request.model")).isEqualTo(PoolYaml.MODEL);
    assertThat(text(attempt, "server.address")).isEqualTo("127.0.0.1");
    assertThat(number(attempt, "server.port")).isEqualTo(server.uri().getPort());
    assertThat(text(attempt, "caravan.server")).isEqualTo("gpu-a");
    assertThat(text(attempt, "caravan.balancer")).isEqualTo("round-robin");
    assertThat(text(attempt, PURPOSE)).isEqualTo("first");
    assertThat(number(attempt, "gen_ai.usage.output_tokens")).isEqualTo(5);
    assertThat(number(attempt, "gen_ai.usage.input_tokens")).isPositive();
    Double ttft =
        attempt.getAttributes().get(AttributeKey.doubleKey("gen_ai.response.time_to_first_chunk"));
    EventData first = attempt.getEvents().get(0);
    assertThat(first.getName()).isEqualTo("first_token");
    assertThat((first.getEpochNanos() - attempt.getStartEpochNanos()) / 1e9).isEqualTo(ttft);

    assertThat(all(server.requests(Chat.PATH).get(0), "traceparent"))
        .containsExactly(parent(attempt));
    assertThat(all(server.requests(Chat.PATH).get(0), "tracestate")).containsExactly("a=b");
    assertThat(all.toString()).doesNotContain("canary", "secret-7");
  }

  @Test
  void noParent_beginsATraceHere() throws Exception {
    SimulatedServer server = simulated("s");
    start(PoolYaml.single(server.uri()), ALL);
    ask(Chat.whole("hello"), "traceparent: 00-1-2-3", "tracestate: a=b");
    List<SpanData> all = spans(2);
    assertThat(road(all).getParentSpanContext().isValid()).isFalse();
    assertThat(all(server.requests(Chat.PATH).get(0), "traceparent"))
        .containsExactly(parent(attempts(all).get(0)));
    // It belonged to what could not be read.
    assertThat(all(server.requests(Chat.PATH).get(0), "tracestate")).isEmpty();
    assertThat(attempts(all).get(0).getEvents()).isEmpty();
  }

  // ---- what is not recorded

  @Test
  void tracingOff_theClientsContextPasses() throws Exception {
    SimulatedServer server = simulated("s");
    start(PoolYaml.single(server.uri()));
    ask(Chat.whole("hello"), "traceparent: " + PARENT, "tracestate: a=b");
    assertThat(all(server.requests(Chat.PATH).get(0), "traceparent")).containsExactly(PARENT);
    assertThat(all(server.requests(Chat.PATH).get(0), "tracestate")).containsExactly("a=b");
  }

  @Test
  void parentThatIsNotRecorded_passesAndNothingIsRecorded() throws Exception {
    SimulatedServer server = simulated("s");
    start(PoolYaml.single(server.uri()), ALL);
    String unrecorded = PARENT.substring(0, 53) + "00";
    ask(Chat.whole("hello"), "traceparent: " + unrecorded, "tracestate: a=b");
    assertThat(all(server.requests(Chat.PATH).get(0), "traceparent")).containsExactly(unrecorded);
    assertThat(all(server.requests(Chat.PATH).get(0), "tracestate")).containsExactly("a=b");
    spans(0);
  }

  @Test
  void notInTheSample_theServerIsToldSo() throws Exception {
    SimulatedServer server = simulated("s");
    Map<String, String> none = new HashMap<>(ALL);
    none.put("caravan.tracing.sample", "0");
    start(PoolYaml.single(server.uri()), none);
    ask(Chat.whole("hello"));
    ask(Chat.whole("hello"), "traceparent: " + PARENT);
    assertThat(all(server.requests(Chat.PATH).get(0), "traceparent"))
        .singleElement()
        .asString()
        .matches("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00");
    // The sample is of requests whose client does not say.
    assertThat(road(spans(2)).getTraceId()).isEqualTo(TRACE);
  }

  @Test
  void parentThatIsNotTrusted_isALinkOnly() throws Exception {
    SimulatedServer server = simulated("s");
    Map<String, String> own = new HashMap<>(ALL);
    own.put("caravan.tracing.trust-parent", "false");
    start(PoolYaml.single(server.uri()), own);
    ask(Chat.whole("hello"), "traceparent: " + PARENT, "tracestate: a=b");
    List<SpanData> all = spans(2);
    assertThat(road(all).getTraceId()).isNotEqualTo(TRACE);
    assertThat(road(all).getParentSpanContext().isValid()).isFalse();
    assertThat(road(all).getLinks())
        .extracting(link -> link.getSpanContext().getTraceId())
        .containsExactly(TRACE);
    assertThat(all(server.requests(Chat.PATH).get(0), "tracestate")).isEmpty();
  }

  // ---- ends

  @Test
  void retry_isAnAttemptOfItsOwn() throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    sick.fault(new Fault.Status(503, null));
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .server("sick", sick.uri(), FIRST)
            .server("well", well.uri())
            .text(),
        ALL);
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
    List<SpanData> attempts = attempts(spans(3));
    assertThat(texts(attempts, "caravan.server")).containsExactly("sick", "well");
    assertThat(texts(attempts, PURPOSE)).containsExactly("first", "retry");
    assertThat(texts(attempts, ERROR)).containsExactly("status", null);
    assertThat(attempts.get(0).getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(all(well.requests(Chat.PATH).get(0), "traceparent"))
        .containsExactly(parent(attempts.get(1)));
  }

  @Test
  void hedge_theSlowerOneEndsAsSuperseded() throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    sick.fault(new Fault.HangBeforeFirstToken());
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .parameters("hedge: 50ms", "hedgeBudget: 100")
            .server("sick", sick.uri(), FIRST)
            .server("well", well.uri())
            .text(),
        ALL);
    assertThat(ask(Chat.stream("hello", 5)).status()).isEqualTo(200);
    List<SpanData> attempts = attempts(spans(3));
    assertThat(texts(attempts, PURPOSE)).containsExactly("first", "hedge");
    assertThat(texts(attempts, STATUS)).containsExactly("superseded", "completed");
    assertThat(attempts.get(0).getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
  }

  @Test
  void resumption_isAnAttemptOfItsOwn() throws Exception {
    SimulatedServer first = simulated("twin");
    SimulatedServer second = simulated("twin");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .parameters("resume: on")
            .server("gpu-0", first.uri(), FIRST)
            .server("gpu-1", second.uri())
            .text(),
        ALL);
    first.fault(ArmedFault.once(new Fault.CutMidStream(3)));
    ask(Chat.body("hi", "\"stream\":true,\"max_tokens\":20,\"min_tokens\":20"));
    List<SpanData> all = spans(3);
    List<SpanData> attempts = attempts(all);
    assertThat(texts(attempts, PURPOSE)).containsExactly("first", "resumption");
    assertThat(texts(attempts, STATUS)).containsExactly("failed_after_first_byte", "completed");
    assertThat(number(road(all), "caravan.resumptions")).isEqualTo(1);
    assertThat(text(road(all), STATUS)).isEqualTo("completed");
  }

  @Test
  void noFirstByteInTime_isAnError() throws Exception {
    SimulatedServer server = simulated("s");
    server.fault(new Fault.HangBeforeHead());
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("firstTokenTimeout: 100ms")
            .server("only", server.uri())
            .text(),
        ALL);
    assertThat(ask(Chat.stream("hello", 5)).status()).isEqualTo(504);
    List<SpanData> all = spans(2);
    assertThat(text(attempts(all).get(0), ERROR)).isEqualTo("first_byte_timeout");
    assertThat(number(road(all), "http.response.status_code")).isEqualTo(504);
    assertThat(road(all).getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
  }

  @Test
  void silenceWithinTheAnswer_isAnError() throws Exception {
    SimulatedServer server = simulated("s");
    server.fault(new Fault.HangMidStream(3));
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("betweenTokensTimeout: 100ms")
            .server("only", server.uri())
            .text(),
        ALL);
    ask(Chat.stream("hello", 50));
    List<SpanData> all = spans(2);
    assertThat(text(attempts(all).get(0), ERROR)).isEqualTo("idle_timeout");
    assertThat(text(road(all), ERROR)).isEqualTo("idle_timeout");
  }

  @Test
  void clientThatLeaves_endsBoth_andNobodyFailed() throws Exception {
    SimulatedServer server = simulated("s");
    server.fault(new Fault.HangBeforeFirstToken());
    start(PoolYaml.single(server.uri()), ALL);
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 5));
    await().atMost(LONG).until(() -> server.running() == 1);
    client.close();
    List<SpanData> all = spans(2);
    assertThat(texts(all, STATUS)).containsOnly("client_gone");
    assertThat(texts(all, ERROR)).containsOnlyNulls();
  }

  @Test
  void shutdown_endsWhatIsCut() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              peer.chunk("data: {\"a\":1}\n\n");
              never.await();
            });
    Map<String, String> now = new HashMap<>(ALL);
    now.put("caravan.shutdown.timeout", "0s");
    start(PoolYaml.single(server.uri()), now);
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 5));
    client.head();
    client.chunk();
    gateway().drain();
    List<SpanData> all = spans(2);
    assertThat(texts(all, ERROR)).containsOnly("gateway");
    client.close();
  }

  @Test
  void requestsThatGoNowhere_areServerSpansAlone() throws Exception {
    start(PoolYaml.single(simulated("s").uri()), ALL);
    assertThat(ask("{").status()).isEqualTo(400);
    assertThat(ask("{\"model\":\"none\",\"messages\":[]}").status()).isEqualTo(404);
    List<SpanData> all = spans(2);
    assertThat(all).allMatch(span -> span.getKind() == SpanKind.SERVER);
    assertThat(all).extracting(SpanData::getName).containsExactly("chat", "chat none");
    assertThat(texts(all, ERROR)).containsOnlyNulls();
    assertThat(all).extracting(s -> number(s, "caravan.attempts")).containsOnly(0L);
  }

  @Test
  void nobodyEligible_isAnError() throws Exception {
    SimulatedServer server = simulated("s");
    start(PoolYaml.of(PoolYaml.MODEL).server("only", server.uri(), "drain: true").text(), ALL);
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(503);
    SpanData road = road(spans(1));
    assertThat(text(road, ERROR)).isEqualTo("refused");
  }

  @Test
  void serverThatRefuses_isAnAttemptWithItsCause() throws Exception {
    ScriptedServer gone = scripted((peer, connection) -> {});
    gone.close();
    start(PoolYaml.single(gone.uri()), ALL);
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(502);
    assertThat(text(attempts(spans(2)).get(0), ERROR)).isEqualTo("refused");
  }

  // ---- jobs

  @Test
  void job_isOneConsumerSpan_overAllItsTries() throws Exception {
    Jobs jobs = new Jobs();
    SimulatedServer server = simulated("s");
    server.fault(ArmedFault.once(new Fault.Reset()));
    start(PoolYaml.single(server.uri()) + Jobs.routes(), ALL, jobs.beans());
    gateway()
        .send(
            "direct:in",
            Jobs.line("job-1", Chat.whole("Hello")),
            Map.of("traceparent", PARENT, "tracestate", "a=b"))
        .join();
    jobs.answers.await(1);
    List<SpanData> all = spans(3);
    SpanData road = road(all);
    assertThat(road.getKind()).isEqualTo(SpanKind.CONSUMER);
    assertThat(road.getName()).isEqualTo("process work");
    assertThat(road.getTraceId()).isEqualTo(TRACE);
    assertThat(text(road, "messaging.operation.type")).isEqualTo("process");
    assertThat(text(road, STATUS)).isEqualTo("completed");
    List<SpanData> attempts = attempts(all);
    assertThat(texts(attempts, STATUS)).containsExactly("failed_before_first_byte", "completed");
    assertThat(texts(attempts, PURPOSE)).containsExactly("first", "retry");
    assertThat(server.requests(Chat.PATH))
        .extracting(request -> all(request, "traceparent"))
        .endsWith(List.of(parent(attempts.get(1))));
  }

  @Test
  void jobThatEndsOtherwise_endsItsSpan() throws Exception {
    Jobs jobs = new Jobs();
    CountDownLatch go = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              go.await();
              peer.send(ScriptedServer.whole(422, "{}"));
            });
    start(PoolYaml.single(server.uri()) + Jobs.routes("inflight: 1"), ALL, jobs.beans());
    gateway().send("direct:in", Jobs.line("runs", Chat.whole("a")), Map.of());
    await().atMost(LONG).until(() -> !server.requests().isEmpty());
    gateway()
        .send("direct:in", Jobs.line("late", Chat.whole("a")), Map.of("caravan-deadline", "1000"))
        .orTimeout(20, TimeUnit.SECONDS)
        .join();
    gateway().send("direct:in", Jobs.line("waits", Chat.whole("a")), Map.of());
    await().atMost(LONG).until(() -> gateway().jobs() == 2);
    CompletableFuture<Void> drained = CompletableFuture.runAsync(gateway()::drain);
    await().atMost(LONG).until(() -> gateway().jobs() == 1);
    go.countDown();
    drained.join();
    List<SpanData> all = spans(4);
    assertThat(all).extracting(SpanData::getName).contains("process work");
    assertThat(texts(all, ERROR)).containsOnly("422", "refused", "expired");
  }
}
