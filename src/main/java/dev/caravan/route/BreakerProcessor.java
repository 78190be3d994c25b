package dev.caravan.route;

import dev.caravan.fleet.Lease;
import dev.caravan.health.Breaker;
import dev.caravan.health.BreakerSettings;
import dev.caravan.health.Breakers;
import dev.caravan.health.Permission;
import dev.caravan.ingress.EndpointsBelow;
import dev.caravan.outcome.Outcome;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.UpstreamFailure;
import java.util.List;
import org.apache.camel.AsyncCallback;
import org.apache.camel.AsyncProcessor;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePropertyKey;
import org.apache.camel.Navigate;
import org.apache.camel.Processor;
import org.apache.camel.Traceable;
import org.apache.camel.processor.BaseProcessorSupport;
import org.apache.camel.spi.IdAware;
import org.apache.camel.spi.RouteIdAware;
import org.apache.camel.support.AsyncProcessorConverterHelper;
import org.apache.camel.support.service.ServiceHelper;
import org.jspecify.annotations.Nullable;

/**
 * Camel's {@code circuitBreaker}, without blocking: asks the server's breaker for permission, lets
 * the steps run, and sees to it that the permission is answered once.
 *
 * <ul>
 *   <li>Permitted, and the call holds a lease: the breaker learns when the lease ends, which is at
 *       the last byte, so that an answer that breaks off in the middle counts as the failure it is.
 *       Without a lease it learns when the steps are done.
 *   <li>A step other than {@code model:} that throws says nothing about the server: the permission
 *       is given back.
 *   <li>Refused, or the steps failed: {@code onFallback} runs, where there is one. Otherwise the
 *       exchange fails, refused calls with an {@link UpstreamFailure} that was not sent, so that
 *       the balancer tries the next server. It never succeeds with the request as its answer.
 * </ul>
 */
final class BreakerProcessor extends BaseProcessorSupport
    implements Navigate<Processor>, Traceable, IdAware, RouteIdAware {
  private static final Outcome ANSWERED = new Outcome.Completed(200);

  private final Breakers breakers;
  private final BreakerSettings settings;
  private final String server;
  private final AsyncProcessor steps;
  private final @Nullable AsyncProcessor fallback;

  @SuppressWarnings("NullAway.Init") // by doStart: a route that fails to start changes no breaker
  private Breaker breaker;

  /** Whether its steps lead to servers that are found, each of which has a breaker of its own. */
  private boolean grouped;

  private String id = "";
  private String routeId = "";

  BreakerProcessor(
      Breakers breakers,
      String server,
      BreakerSettings settings,
      Processor steps,
      @Nullable Processor fallback,
      boolean disabled) {
    this.breakers = breakers;
    this.settings = settings;
    this.server = server;
    this.steps = AsyncProcessorConverterHelper.convert(steps);
    this.fallback = fallback == null ? null : AsyncProcessorConverterHelper.convert(fallback);
    setDisabled(disabled);
  }

  @Override
  public boolean process(Exchange exchange, AsyncCallback callback) {
    if (isDisabled()) {
      return steps.process(exchange, callback);
    }
    Breaker guard = grouped ? breaker(exchange) : breaker;
    Permission permission = guard.acquire();
    if (permission == null) {
      exchange.setException(new UpstreamFailure(refusal(guard), false));
      mark(exchange, false, true);
      return fail(exchange, callback, true);
    }
    Call call = exchange.getIn().getBody() instanceof Call body ? body : null;
    boolean guarded = call != null && guard(call.lease(), permission);
    boolean sync =
        run(
            steps,
            exchange,
            doneSync -> {
              if (!doneSync) {
                finish(exchange, callback, false, permission, call, guarded);
              }
            });
    return sync && finish(exchange, callback, true, permission, call, guarded);
  }

  /** The steps are done: answers the permission if no lease will, and goes on. */
  private boolean finish(
      Exchange exchange,
      AsyncCallback callback,
      boolean sync,
      Permission permission,
      @Nullable Call call,
      boolean guarded) {
    Exception thrown = exchange.getException();
    if (thrown == null) {
      if (!guarded && !(call != null && guard(call.lease(), permission))) {
        permission.answer(ANSWERED, 0);
      }
      mark(exchange, true, false);
      callback.done(sync);
      return sync;
    }
    UpstreamFailure failure = exchange.getException(UpstreamFailure.class);
    if (failure == null) {
      permission.giveBack();
    } else if (!guarded) {
      permission.answer(failure.outcome(), 0);
    }
    mark(exchange, false, false);
    return fail(exchange, callback, sync);
  }

  /** Makes the lease's end answer the permission, if there is an open lease that can. */
  private static boolean guard(@Nullable Lease lease, Permission permission) {
    if (lease == null || lease.closed() || lease.guarded()) {
      return false;
    }
    lease.guard(permission);
    if (lease.closed()) { // another thread closed it meanwhile, perhaps before it saw the guard
      permission.giveBack();
    }
    return true;
  }

  private boolean fail(Exchange exchange, AsyncCallback callback, boolean sync) {
    AsyncProcessor instead = fallback;
    boolean clientGone = exchange.getIn().getBody() instanceof Call call && call.abandoned();
    if (instead == null || clientGone) {
      callback.done(sync);
      return sync;
    }
    exchange.setProperty(ExchangePropertyKey.CIRCUIT_BREAKER_RESPONSE_FROM_FALLBACK, true);
    if (exchange.getProperty(ExchangePropertyKey.FAILURE_ENDPOINT) == null) {
      exchange.setProperty(
          ExchangePropertyKey.FAILURE_ENDPOINT,
          exchange.getProperty(ExchangePropertyKey.TO_ENDPOINT));
    }
    exchange.setProperty(ExchangePropertyKey.EXCEPTION_HANDLED, true);
    exchange.setProperty(ExchangePropertyKey.EXCEPTION_CAUGHT, exchange.getException());
    exchange.setRouteStop(false);
    exchange.setException(null);
    exchange.getExchangeExtension().setRedeliveryExhausted(false);
    boolean fallbackSync =
        run(
            instead,
            exchange,
            doneSync -> {
              if (!doneSync) {
                callback.done(false);
              }
            });
    if (fallbackSync) {
      callback.done(sync);
    }
    return sync && fallbackSync;
  }

  /** Runs steps; what they throw instead of setting it on the exchange ends there as well. */
  private static boolean run(AsyncProcessor steps, Exchange exchange, AsyncCallback callback) {
    try {
      return steps.process(exchange, callback);
    } catch (Throwable e) { // whatever a step throws must not lose the permission
      exchange.setException(e);
      return true;
    }
  }

  /** That of the server that was picked for a call. */
  private Breaker breaker(Exchange exchange) {
    Lease lease = exchange.getIn().getBody() instanceof Call call ? call.lease() : null;
    return lease != null && !lease.closed() && lease.backend().gate() instanceof Breaker own
        ? own
        : breaker;
  }

  private static Outcome refusal(Breaker breaker) {
    return new Outcome.Refused(
        breaker.state() == Breaker.State.HALF_OPEN
            ? "breaker of " + breaker.server() + " is half-open and its trial calls are out"
            : "breaker of " + breaker.server() + " is open");
  }

  /** The exchange properties that Camel documents for a circuit breaker. */
  private static void mark(Exchange exchange, boolean successful, boolean shortCircuited) {
    exchange.setProperty(
        ExchangePropertyKey.CIRCUIT_BREAKER_RESPONSE_SUCCESSFUL_EXECUTION, successful);
    exchange.setProperty(ExchangePropertyKey.CIRCUIT_BREAKER_RESPONSE_FROM_FALLBACK, false);
    exchange.setProperty(
        ExchangePropertyKey.CIRCUIT_BREAKER_RESPONSE_SHORT_CIRCUITED, shortCircuited);
  }

  /** The name of the model server that it guards. */
  String server() {
    return server;
  }

  @Override
  public List<Processor> next() {
    return fallback == null ? List.of(steps) : List.of(steps, fallback);
  }

  @Override
  public boolean hasNext() {
    return true;
  }

  @Override
  public String getTraceLabel() {
    return "circuitBreaker[" + server + "]";
  }

  @Override
  public String getId() {
    return id;
  }

  @Override
  public void setId(String id) {
    this.id = id;
  }

  @Override
  public String getRouteId() {
    return routeId;
  }

  @Override
  public void setRouteId(String routeId) {
    this.routeId = routeId;
  }

  @Override
  protected void doStart() throws Exception {
    grouped =
        EndpointsBelow.of(steps, ModelEndpoint.class).stream()
            .anyMatch(model -> model.group() != null);
    if (!isDisabled()) {
      breaker = breakers.guard(server, settings);
    }
    ServiceHelper.startService(steps, fallback);
  }

  @Override
  protected void doStop() throws Exception {
    if (!isDisabled()) {
      breakers.unguard(server);
    }
    ServiceHelper.stopService(fallback, steps);
  }

  @Override
  protected void doShutdown() throws Exception {
    ServiceHelper.stopAndShutdownServices(fallback, steps);
  }

  @Override
  public String toString() {
    return getTraceLabel();
  }
}
