package dev.caravan.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.request.Api;
import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestParser;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.HeaderLines;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TelemetryTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final EventLoop loop = new DefaultEventLoop();
  private final List<ByteBuf> bodies = new ArrayList<>();

  private Call call(String model) throws InvalidRequest {
    String json =
        "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"canary\"}]}";
    ByteBuf body = Unpooled.copiedBuffer(json, UTF_8);
    bodies.add(body);
    return new Call(
        new RequestParser().parse(Api.CHAT_COMPLETIONS, body), "id-1", loop, HeaderLines.NONE);
  }

  @AfterEach
  void release() {
    bodies.forEach(ByteBuf::release);
    loop.shutdownGracefully();
  }

  @Test
  void request_tenThousandInventedModels_makeNoNewSeries() throws InvalidRequest {
    Meters meters = new Meters(registry);
    Outcome refused = new Outcome.Refused("no such model");
    meters.request(call("m"), "/v1/chat/completions", 404, refused, 1);
    int series = registry.getMeters().size();
    for (int i = 0; i < 10_000; i++) {
      meters.request(call("model-" + i), "/v1/chat/completions", 404, refused, i);
    }
    assertThat(registry.getMeters()).hasSize(series);
    assertThat(registry.get("caravan.requests").tag("pool", "none").counter().count())
        .isEqualTo(10_001);
  }

  @Test
  void watch_everyOutcome_hasNamesOfAFixedSet() {
    Backend backend = new Backend(BackendSpec.of("gpu-a", URI.create("http://h")));
    new Meters(registry).watch(backend);
    List<Outcome> outcomes = new ArrayList<>();
    for (Cause cause : Cause.values()) {
      outcomes.add(new Outcome.FailedBefore(cause, "canary"));
      outcomes.add(new Outcome.FailedAfter(cause, "canary"));
    }
    outcomes.add(new Outcome.Completed(200));
    outcomes.add(new Outcome.Throttled(429, 7));
    outcomes.add(new Outcome.ClientGone(true));
    for (Outcome outcome : outcomes) {
      Lease lease = Objects.requireNonNull(Lease.open(backend, "llama", () -> 5));
      lease.firstByte(true);
      lease.progress(1_000_000);
      lease.usage(3, 4, -1);
      lease.close(outcome);
    }
    assertThat(registry.getMeters())
        .extracting(Meter::getId)
        .extracting(id -> id.getName().replace(".histogram", ""))
        .containsOnly(
            "caravan.backend.inflight",
            "caravan.backend.background",
            "caravan.backend.up",
            "caravan.backend.ttft",
            "caravan.backend.itl",
            "caravan.backend.tokens",
            "caravan.backend.attempts");
    assertThat(registry.getMeters()).allMatch(m -> !m.getId().toString().contains("canary"));
    assertThat(registry.get("caravan.backend.tokens").tag("type", "input").counter().count())
        .isEqualTo(3.0 * outcomes.size());
    assertThat(registry.get("caravan.backend.attempts").counters())
        .extracting(c -> c.count())
        .containsOnly(1.0)
        .hasSize(outcomes.size());
  }

  @Test
  void accessLog_everyLine_isJsonWithoutPromptOrQuotesBroken() throws Exception {
    List<String> lines = new ArrayList<>();
    AccessLog log =
        new AccessLog(() -> 1_700_000_000_000L, line -> lines.add(new String(line, UTF_8)));
    Call call = call("llama");
    call.pool("po\"ol");
    Outcome nasty = new Outcome.FailedBefore(Cause.RESET, "a \"quote\"\r\n\u0000\u2028 \\ end");
    log.request(call, "id\"1", "/v1/chat/completions", 502, nasty, 1_234_567, 42);
    log.request(null, "id-2", "other", 404, new Outcome.Completed(404), 999, 0);
    assertThat(lines).hasSize(2);
    assertThat(lines).allMatch(line -> line.indexOf('\n') == line.length() - 1);
    JsonNode first = new ObjectMapper().readTree(lines.get(0));
    assertThat(first.get("time").textValue()).isEqualTo("2023-11-14T22:13:20.000Z");
    assertThat(first.get("request_id").textValue()).isEqualTo("id\"1");
    assertThat(first.get("pool").textValue()).isEqualTo("po\"ol");
    assertThat(first.get("duration_ms").decimalValue()).isEqualByComparingTo("1.234");
    assertThat(first.get("bytes_in").intValue()).isEqualTo(bodies.get(0).readableBytes());
    assertThat(first.get("detail").textValue()).contains("\"quote\"\r\n");
    JsonNode second = new ObjectMapper().readTree(lines.get(1));
    assertThat(second.get("duration_ms").decimalValue()).isEqualByComparingTo("0");
    assertThat(lines).noneMatch(line -> line.contains("canary"));
  }
}
