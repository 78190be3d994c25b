package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.caravan.testing.CapturedLog;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Spans on the wire, as a collector gets them. */
class OtlpTest extends EndToEnd {
  private final Queue<ExportTraceServiceRequest> received = new ConcurrentLinkedQueue<>();
  private final Queue<String> keys = new ConcurrentLinkedQueue<>();
  private final AtomicInteger status = new AtomicInteger(200);

  @SuppressWarnings("NullAway.Init") // before each test
  private HttpServer collector;

  @BeforeEach
  void collect() throws Exception {
    collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    collector.createContext(
        "/v1/traces",
        exchange -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          keys.add(String.valueOf(exchange.getRequestHeaders().getFirst("x-key")));
          received.add(ExportTraceServiceRequest.parseFrom(body));
          exchange.getResponseHeaders().set("content-type", "application/x-protobuf");
          exchange.sendResponseHeaders(status.get(), -1);
          exchange.close();
        });
    collector.start();
  }

  @AfterEach
  void stop() {
    collector.stop(0);
  }

  private void start() throws Exception {
    Map<String, String> settings = new HashMap<>(Traced.ALL);
    settings.put(
        "caravan.tracing.endpoint",
        "http://127.0.0.1:" + collector.getAddress().getPort() + "/v1/traces");
    settings.put("caravan.tracing.headers", "x-key=secret");
    settings.put("caravan.tracing.service", "edge");
    start(PoolYaml.single(simulated("s").uri()), settings);
  }

  private double spans(String result) {
    return gateway()
        .meters()
        .get("caravan.traces.spans")
        .tag("result", result)
        .functionCounter()
        .count();
  }

  @Test
  void request_arrivesAsProtobuf() throws Exception {
    start();
    ask(Chat.whole("canary"), "traceparent: " + Traced.PARENT);
    await().atMost(LONG).until(() -> spans("exported") == 2);
    ResourceSpans all = received.element().getResourceSpans(0);
    assertThat(all.getResource().getAttributesList())
        .anyMatch(
            a -> a.getKey().equals("service.name") && a.getValue().getStringValue().equals("edge"));
    List<Span> spans =
        received.stream()
            .flatMap(r -> r.getResourceSpansList().stream())
            .flatMap(r -> r.getScopeSpansList().stream())
            .flatMap(s -> s.getSpansList().stream())
            .toList();
    assertThat(spans)
        .extracting(Span::getKind)
        .containsExactlyInAnyOrder(Span.SpanKind.SPAN_KIND_CLIENT, Span.SpanKind.SPAN_KIND_SERVER);
    assertThat(spans).allMatch(s -> s.getEndTimeUnixNano() > s.getStartTimeUnixNano());
    assertThat(received.toString()).doesNotContain("canary", "secret");
    assertThat(keys).containsOnly("secret");
    assertThat(spans("failed") + spans("dropped")).isZero();
  }

  @Test
  void settingsThatCannotBe_endTheStart_andNameTheirName() throws Exception {
    String pool = PoolYaml.single(simulated("s").uri());
    for (Map.Entry<String, String> wrong :
        Map.of("endpoint", "collector:4318", "sample", "2", "headers", "secret", "queue", "0")
            .entrySet()) {
      Map<String, String> settings = new HashMap<>(Traced.ALL);
      settings.put("caravan.tracing." + wrong.getKey(), wrong.getValue());
      assertThatThrownBy(() -> start(pool, settings))
          .isInstanceOf(ConfigurationException.class)
          .hasMessageStartingWith("caravan.tracing." + wrong.getKey() + ": ")
          .hasMessageNotContaining("secret");
    }
  }

  @Test
  void collectorThatRefuses_isCounted_andToldInALine() throws Exception {
    status.set(400);
    try (CapturedLog log = CapturedLog.of("dev.caravan.tracing.Exports")) {
      start();
      assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
      await().atMost(LONG).until(() -> spans("failed") == 2);
      assertThat(log.lines())
          .isNotEmpty()
          .allMatch(line -> line.startsWith("WARN") && line.contains("/v1/traces"));
    }
  }
}
