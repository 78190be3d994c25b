package dev.caravan.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.health.Breaker;
import dev.caravan.health.BreakerSettings;
import dev.caravan.health.Breakers;
import dev.caravan.health.HandTicker;
import dev.caravan.health.HealthListener;
import dev.caravan.health.Permission;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.request.AnyRequest;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.HeaderLines;
import dev.caravan.upstream.UpstreamFailure;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.camel.AsyncCallback;
import org.apache.camel.AsyncProcessor;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePropertyKey;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The circuitBreaker step of real routes, in a plain Camel context. */
class BreakerProcessorTest {
  private static final String TWO_TRIALS =
      """
      resilience4jConfiguration:
        minimumNumberOfCalls: 2
        slidingWindowSize: 2
        waitDurationInOpenState: 1
        permittedNumberOfCallsInHalfOpenState: 2
      """;
  private static final String FALLBACK =
      """
      onFallback:
        steps:
          - setBody:
              constant: busy
      """;

  private final HandTicker ticker = new HandTicker();
  private final Breakers breakers = new Breakers(ticker, HealthListener.NONE);
  private final Backend gpu = new Backend(BackendSpec.of("gpu-a", URI.create("http://a")));
  private final StubModels models = new StubModels();
  private final DefaultCamelContext context = new DefaultCamelContext();

  @BeforeEach
  void start() {
    breakers.join(gpu);
    context.addComponent("model", models);
    context.getRegistry().bind("breakers", breakers);
    context.start();
  }

  @AfterEach
  void stop() {
    context.stop();
    assertThat(gpu.inflight()).isZero();
  }

  @Test
  void success_passesThrough_andTeachesGood() throws Exception {
    route("r", "gpu-a", "");
    models.on("gpu-a", answer("hello"));
    Exchange exchange = send("r", "question");
    assertThat(exchange.getMessage().getBody()).isEqualTo("hello");
    assertThat(
            exchange.getProperty(
                ExchangePropertyKey.CIRCUIT_BREAKER_RESPONSE_SUCCESSFUL_EXECUTION, Boolean.class))
        .isTrue();
  }

  @Test
  void openBreaker_failsTheExchange_neverSucceedsWithTheRequest() throws Exception {
    route("r", "gpu-a", TWO_TRIALS);
    open("r");
    models.on("gpu-a", answer("must not be asked"));
    Exchange exchange = send("r", "question");
    UpstreamFailure failure = exchange.getException(UpstreamFailure.class);
    assertThat(failure.sent()).isFalse();
    assertThat(failure.outcome()).isEqualTo(new Outcome.Refused("breaker of gpu-a is open"));
    assertThat(gpu.gate().permits()).isFalse();
  }

  @Test
  void openBreaker_withFallback_answersFromIt() throws Exception {
    route("r", "gpu-a", TWO_TRIALS + FALLBACK);
    models.on("gpu-a", failure(new Outcome.FailedBefore(Cause.CONNECT, "refused")));
    assertThat(send("r", "q").getMessage().getBody()).isEqualTo("busy");
    assertThat(send("r", "q").getMessage().getBody()).isEqualTo("busy");
    models.on("gpu-a", answer("must not be asked"));
    Exchange exchange = send("r", "q");
    assertThat(exchange.getMessage().getBody()).isEqualTo("busy");
    assertThat(exchange.getException()).isNull();
    assertThat(
            exchange.getProperty(
                ExchangePropertyKey.CIRCUIT_BREAKER_RESPONSE_FROM_FALLBACK, Boolean.class))
        .isTrue();
    assertThat(exchange.getProperty(ExchangePropertyKey.EXCEPTION_CAUGHT))
        .isInstanceOf(UpstreamFailure.class);
  }

  @Test
  void childThatCompletesLater_blocksNobody() throws Exception {
    route("r", "gpu-a", TWO_TRIALS);
    AtomicReference<@Nullable Runnable> later = new AtomicReference<>();
    models.on("gpu-a", (exchange, callback) -> later(later, exchange, callback, "late"));
    CompletableFuture<Exchange> done = new CompletableFuture<>();
    boolean sync = process("r", "q", done);
    assertThat(sync).isFalse();
    assertThat(done).isNotDone();
    Thread thread = new Thread(Objects.requireNonNull(later.get()));
    thread.start();
    assertThat(done.get(10, TimeUnit.SECONDS).getMessage().getBody()).isEqualTo("late");
  }

  @Test
  void childThatFailsLater_runsTheFallback_asynchronously() throws Exception {
    route("r", "gpu-a", FALLBACK);
    AtomicReference<@Nullable Runnable> later = new AtomicReference<>();
    models.on(
        "gpu-a",
        (exchange, callback) -> {
          later.set(
              () -> {
                exchange.setException(
                    new UpstreamFailure(new Outcome.FailedBefore(Cause.RESET, "reset"), true));
                callback.done(false);
              });
          return false;
        });
    CompletableFuture<Exchange> done = new CompletableFuture<>();
    assertThat(process("r", "q", done)).isFalse();
    Objects.requireNonNull(later.get()).run();
    assertThat(done.get(10, TimeUnit.SECONDS).getMessage().getBody()).isEqualTo("busy");
  }

  @Test
  void trials_areFreeAgain_onEveryPath() throws Exception {
    route("r", "gpu-a", TWO_TRIALS);
    open("r");
    ticker.pass(1_001);
    // Each of these says nothing about the server: its trial must be free again.
    models.on(
        "gpu-a",
        (exchange, callback) -> {
          throw new IllegalStateException("thrown, not set");
        });
    assertThat(send("r", "q").getException()).hasMessage("thrown, not set");
    assertHalfOpenWith(2);
    models.on(
        "gpu-a",
        (exchange, callback) -> {
          exchange.setException(new IllegalStateException("set"));
          callback.done(true);
          return true;
        });
    assertThat(send("r", "q").getException()).hasMessage("set");
    assertHalfOpenWith(2);
    models.on("gpu-a", failure(new Outcome.Throttled(429, -1)));
    send("r", "q");
    assertHalfOpenWith(2);
    models.on("gpu-a", failure(new Outcome.ClientGone(false)));
    send("r", "q");
    assertHalfOpenWith(2);
    models.on("gpu-a", answer("well"));
    send("r", "q");
    send("r", "q");
    assertThat(breaker("gpu-a").state()).isEqualTo(Breaker.State.CLOSED);
  }

  @Test
  void heldTrials_areReleasedByTheClientsLeaving() throws Exception {
    route("r", "gpu-a", TWO_TRIALS);
    open("r");
    ticker.pass(1_001);
    models.on("gpu-a", (exchange, callback) -> false); // never answers
    Call first = call();
    Call second = call();
    process("r", first, new CompletableFuture<>());
    process("r", second, new CompletableFuture<>());
    assertThat(breaker("gpu-a").permits()).isFalse();
    UpstreamFailure refused = send("r", "q").getException(UpstreamFailure.class);
    assertThat(refused.outcome().detail())
        .isEqualTo("breaker of gpu-a is half-open and its trial calls are out");
    first.abandon();
    second.abandon();
    assertHalfOpenWith(2);
  }

  @Test
  void lease_teachesAtItsEnd_notWhenTheExchangeIsDone() throws Exception {
    route("r", "gpu-a", TWO_TRIALS);
    models.on("gpu-a", answer("head"));
    for (int i = 0; i < 2; i++) {
      Call call = call();
      assertThat(send("r", call).getException()).isNull();
      assertThat(breaker("gpu-a").state()).isEqualTo(Breaker.State.CLOSED);
      lease(call).close(new Outcome.FailedAfter(Cause.RESET, "broke off"));
    }
    assertThat(breaker("gpu-a").state()).isEqualTo(Breaker.State.OPEN);
  }

  @Test
  void stepThatThrows_isNotTheServersFault_whateverTheLeaseEndsWith() throws Exception {
    route("r", "gpu-a", TWO_TRIALS);
    models.on(
        "gpu-a",
        (exchange, callback) -> {
          throw new IllegalStateException("a bug in a step");
        });
    for (int i = 0; i < 5; i++) {
      Call call = call();
      send("r", call);
      lease(call).close(new Outcome.FailedBefore(Cause.GATEWAY, "a bug in a step"));
    }
    assertThat(breaker("gpu-a").state()).isEqualTo(Breaker.State.CLOSED);
  }

  @Test
  void leaseOpenedByTheChild_isGuardedToo() throws Exception {
    route("r", "gpu-a", TWO_TRIALS);
    models.on(
        "gpu-a",
        (exchange, callback) -> {
          Call call = exchange.getIn().getBody(Call.class);
          call.lease(Objects.requireNonNull(Lease.open(gpu, "llama", ticker)));
          callback.done(true);
          return true;
        });
    Call call = bare();
    send("r", call);
    assertThat(lease(call).guarded()).isTrue();
    lease(call).close(new Outcome.Completed(200));
  }

  @Test
  void clientGone_noFallbackRuns() throws Exception {
    route("r", "gpu-a", FALLBACK);
    models.on(
        "gpu-a",
        (exchange, callback) -> {
          exchange.getIn().getBody(Call.class).abandon();
          return failure(new Outcome.ClientGone(false)).process(exchange, callback);
        });
    Exchange exchange = send("r", call());
    assertThat(exchange.getException()).isInstanceOf(UpstreamFailure.class);
  }

  @Test
  void breaker_isSharedByTheRoutesOfOneServer_andOfNoOther() throws Exception {
    route("one", "gpu-a", TWO_TRIALS);
    route("two", "gpu-a?url=http://a:1", TWO_TRIALS);
    route("other", "gpu-b", TWO_TRIALS);
    open("one");
    models.on("gpu-b", answer("b"));
    assertThat(send("two", "q").getException()).isInstanceOf(UpstreamFailure.class);
    assertThat(send("other", "q").getException()).isNull();
    assertThat(breakers.all()).hasSize(2);
  }

  @Test
  void settings_comeFromTheRoute_withPlaceholdersAndDefaults() throws Exception {
    System.setProperty("breaker.rate", "25");
    try {
      route(
          "r",
          "gpu-a",
          """
          resilience4jConfiguration:
            failureRateThreshold: "{{breaker.rate}}"
            waitDurationInOpenState: "1500ms"
            slidingWindowType: TIME_BASED
          """);
    } finally {
      System.clearProperty("breaker.rate");
    }
    assertThat(breaker("gpu-a").settings())
        .isEqualTo(
            new BreakerSettings(
                BreakerSettings.Window.SECONDS,
                20,
                5,
                25,
                1_500,
                3,
                BreakerSettings.NO_SLOW_CALLS,
                100));
  }

  @Test
  void options_thatWouldBlockOrMeanNothing_failTheStart() {
    assertThatThrownBy(
            () ->
                route(
                    "r",
                    "gpu-a",
                    """
                    resilience4jConfiguration:
                      bulkheadEnabled: true
                      timeoutEnabled: true
                      throwExceptionWhenHalfOpenOrOpenState: false
                    """))
        .rootCause()
        .hasMessage(
            "route r: circuitBreaker: (gpu-a) bulkheadEnabled is not for a breaker that never"
                + " blocks: limit a server by maxInflight; timeoutEnabled is not for a breaker that"
                + " never blocks: a server has firstTokenTimeout, betweenTokensTimeout and totalTimeout;"
                + " throwExceptionWhenHalfOpenOrOpenState must be true: an open breaker never lets"
                + " a call succeed in silence");
  }

  @Test
  void stepsWithoutOneModel_failTheStart_namingTheRoute() {
    assertThatThrownBy(() -> load("r", "- to: log:x", ""))
        .rootCause()
        .hasMessage(
            "route r: circuitBreaker: its steps must lead to exactly one model: endpoint, such as"
                + " to: {uri: model:gpu-a}, but lead to none");
    assertThatThrownBy(() -> load("r", "- to: model:gpu-a\n- to: model:gpu-b", ""))
        .rootCause()
        .hasMessageEndingWith("but lead to model:gpu-a and model:gpu-b");
  }

  @Test
  void noRegistry_failsTheStart() {
    context.getRegistry().unbind("breakers");
    assertThatThrownBy(() -> route("r", "gpu-a", ""))
        .rootCause()
        .hasMessage(
            "route r: circuitBreaker: there is no single bean of type"
                + " dev.caravan.health.Breakers");
  }

  // --- what the tests are made of

  private void route(String id, String model, String options) throws Exception {
    load(id, "- to: \"model:" + model + "\"\n", options);
  }

  private void load(String id, String steps, String options) throws Exception {
    String yaml =
        """
        - route:
            id: %s
            from:
              uri: direct:%s
              steps:
                - circuitBreaker:
                    steps:
        """
                .formatted(id, id)
            + steps.indent(14)
            + options.indent(12);
    PluginHelper.getRoutesLoader(context).loadRoutes(ResourceHelper.fromString(id + ".yaml", yaml));
  }

  private static StubModels.Behaviour answer(String body) {
    return (exchange, callback) -> {
      exchange.getMessage().setBody(body);
      callback.done(true);
      return true;
    };
  }

  private static StubModels.Behaviour failure(Outcome outcome) {
    return (exchange, callback) -> {
      exchange.setException(new UpstreamFailure(outcome, true));
      callback.done(true);
      return true;
    };
  }

  private static boolean later(
      AtomicReference<@Nullable Runnable> later,
      Exchange exchange,
      AsyncCallback callback,
      String body) {
    later.set(
        () -> {
          exchange.getMessage().setBody(body);
          callback.done(false);
        });
    return false;
  }

  private void open(String route) throws Exception {
    models.on("gpu-a", failure(new Outcome.FailedBefore(Cause.CONNECT, "refused")));
    send(route, "q");
    send(route, "q");
    assertThat(breaker("gpu-a").state()).isEqualTo(Breaker.State.OPEN);
  }

  private void assertHalfOpenWith(int free) {
    Breaker breaker = breaker("gpu-a");
    assertThat(breaker.state()).isEqualTo(Breaker.State.HALF_OPEN);
    List<Permission> taken = new ArrayList<>();
    for (int i = 0; i < free; i++) {
      taken.add(Objects.requireNonNull(breaker.acquire(), "trial " + i));
    }
    assertThat(breaker.acquire()).isNull();
    taken.forEach(Permission::giveBack);
  }

  private Breaker breaker(String server) {
    return Objects.requireNonNull(breakers.find(server));
  }

  private Exchange send(String route, Object body) throws Exception {
    CompletableFuture<Exchange> done = new CompletableFuture<>();
    process(route, body, done);
    return done.get(10, TimeUnit.SECONDS);
  }

  private boolean process(String route, Object body, CompletableFuture<Exchange> done) {
    Exchange exchange = new DefaultExchange(context);
    exchange.getIn().setBody(body);
    AsyncProcessor processor = (AsyncProcessor) context.getRoute(route).getProcessor();
    return processor.process(exchange, sync -> done.complete(exchange));
  }

  private Call call() {
    Call call = bare();
    call.lease(Objects.requireNonNull(Lease.open(gpu, "llama", ticker)));
    return call;
  }

  private static Call bare() {
    return new Call(AnyRequest.chat(), "id", new EmbeddedChannel().eventLoop(), HeaderLines.NONE);
  }

  private static Lease lease(Call call) {
    return Objects.requireNonNull(call.lease());
  }
}
