package dev.caravan.simulator;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.impl.ContextInternal;
import io.vertx.core.impl.VertxInternal;
import io.vertx.core.net.NetClient;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A model server that is none: it speaks vLLM's OpenAI-compatible HTTP on a real socket and times
 * its answers by an {@link Engine} that runs in real time, or faster. Safe for any thread.
 *
 * <p>One event loop serves all its connections and its engine. Methods that return nothing wait
 * until they have taken effect, except on an event loop, where they only begin. What can be made to
 * go wrong is a {@link Fault}, from code or by {@code POST /simulator/fault}.
 */
public final class SimulatedServer implements AutoCloseable {

  /** The model it serves unless told otherwise. */
  public static final String DEFAULT_MODEL = "llama-3.1-8b";

  private static final int WAIT_SECONDS = 30;
  private static final int LISTEN_ATTEMPTS = 40;
  private static final int LISTEN_AGAIN_MILLIS = 50;

  private final SimulatedServerBuilder made;
  private final ContextInternal context;
  private final ServerCore core;
  private final Map<HttpConnection, Long> connections = new HashMap<>();
  private long connectionCount;
  private long armings;
  private @Nullable HttpServer http;
  private volatile int port;

  SimulatedServer(SimulatedServerBuilder made) {
    this.made = made;
    context = ((VertxInternal) made.vertx).createEventLoopContext();
    ServerMetrics metrics = new ServerMetrics(made.models.get(0), made.parameters);
    Engine engine = new Engine(made.parameters, metrics);
    engine.slowdown(made.stepFactor);
    EngineLoop loop = new EngineLoop(engine, context.nettyEventLoop(), made.ticker, made.speedup);
    core = new ServerCore(made, loop, metrics, new RequestLog(made.rememberedRequests));
    port = made.port;
  }

  /** Begins to say what a server is like. */
  public static SimulatedServerBuilder builder(Vertx vertx) {
    return new SimulatedServerBuilder(vertx);
  }

  /** Begins to listen. The future fails if the port cannot be bound. */
  public Future<SimulatedServer> start() {
    return onLoop(() -> listen(1)).map(this);
  }

  /** As {@link #start}, and waits for it. Not on an event loop. */
  public SimulatedServer startAndWait() {
    await(start());
    return this;
  }

  /** Stops listening, closes all connections, and stops the engine. */
  public Future<Void> stop() {
    return onLoop(() -> unlisten().onComplete(closed -> core.engine.close()));
  }

  @Override
  public void close() {
    await(stop());
  }

  public String name() {
    return core.name;
  }

  public List<String> models() {
    return core.models;
  }

  /** The port it is bound to; what was asked for before {@link #start}. */
  public int port() {
    return port;
  }

  /** Where it is to be found: {@code http://host:port}, without a slash at the end. */
  public URI uri() {
    return URI.create("http://" + made.host + ":" + port);
  }

  /** Lets a fault strike until healed, instead of whichever is in force. */
  public void fault(Fault fault) {
    fault(ArmedFault.always(fault));
  }

  /** Lets a fault strike some requests, instead of whichever is in force. */
  public void fault(ArmedFault fault) {
    await(arm(fault));
  }

  /**
   * Ends the fault in force, if any. Requests that hang go on hanging until their clients leave.
   */
  public void heal() {
    await(disarm());
  }

  /** The fault in force with the times that are left, or null. */
  public @Nullable ArmedFault armed() {
    return core.faults.armed();
  }

  /** As {@link #fault(ArmedFault)}, for event loops. */
  public Future<Void> arm(ArmedFault armed) {
    return onLoop(
        () -> {
          boolean refusing = http == null;
          long arming = ++armings;
          core.faults.arm(armed);
          double factor = armed.fault() instanceof Fault.Slow slow ? slow.factor() : 1;
          core.engine.freeze(armed.fault() instanceof Fault.Freeze);
          core.engine.engine().slowdown(made.stepFactor * factor);
          if (armed.fault() instanceof Fault.Refuse refuse) {
            if (refuse.forSeconds() > 0) {
              long millis = Math.max(1, Math.round(refuse.forSeconds() * 1e3));
              context.setTimer(millis, timer -> healIf(arming));
            }
            return unlisten().compose(closed -> refused(LISTEN_ATTEMPTS));
          }
          return refusing ? listen(LISTEN_ATTEMPTS) : Future.succeededFuture();
        });
  }

  /** As {@link #heal}, for event loops. */
  public Future<Void> disarm() {
    return onLoop(
        () -> {
          armings++;
          core.faults.disarm();
          core.engine.freeze(false);
          core.engine.engine().slowdown(made.stepFactor);
          return http == null ? listen(LISTEN_ATTEMPTS) : Future.succeededFuture();
        });
  }

  /** The last requests of any kind, oldest first. */
  public List<ReceivedRequest> requests() {
    return core.log.requests();
  }

  /** The last requests for one path, oldest first. */
  public List<ReceivedRequest> requests(String path) {
    return requests().stream().filter(request -> request.path().equals(path)).toList();
  }

  /** Forgets the requests received so far; the counts stay. */
  public void forgetRequests() {
    core.log.clear();
  }

  /**
   * How many requests for inference came: {@link #finished} + {@link #failed} + {@link #aborted} +
   * {@link #running} once nothing is under way.
   */
  public long received() {
    return core.log.received.get();
  }

  /** How many were answered as they should be. */
  public long finished() {
    return core.log.finished.get();
  }

  /** How many were answered with an error, or spoiled by a fault. */
  public long failed() {
    return core.log.failed.get();
  }

  /** How many were left by their clients before the end. */
  public long aborted() {
    return core.log.aborted.get();
  }

  /** How many have no end yet, hanging ones among them. */
  public int running() {
    return core.log.running.get();
  }

  /** What its engine had to do when it was last driven. */
  public EngineLoad load() {
    return core.engine.load();
  }

  /** Heals, unless another fault was armed since. */
  private void healIf(long arming) {
    if (arming == armings) {
      disarm();
    }
  }

  private Future<Void> listen(int attempts) {
    HttpServerOptions options =
        new HttpServerOptions()
            .setHost(made.host)
            .setPort(port)
            .setHttp2ClearTextEnabled(false)
            .setHandle100ContinueAutomatically(true)
            .setMaxHeaderSize(64 * 1024)
            .setMaxInitialLineLength(16 * 1024);
    HttpServer server = made.vertx.createHttpServer(options);
    server.connectionHandler(this::connected);
    server.requestHandler(
        new ServerPaths(this, core, connection -> connections.getOrDefault(connection, 0L)));
    return server
        .listen()
        .compose(
            bound -> {
              http = bound;
              port = bound.actualPort();
              return Future.succeededFuture();
            },
            failure -> attempts > 1 ? listenLater(attempts - 1) : Future.failedFuture(failure));
  }

  private Future<Void> listenLater(int attempts) {
    return later(() -> listen(attempts));
  }

  private Future<Void> later(LoopAction action) {
    Promise<Void> later = context.promise();
    context.setTimer(LISTEN_AGAIN_MILLIS, timer -> action.run().onComplete(later));
    return later.future();
  }

  private Future<Void> unlisten() {
    HttpServer server = http;
    http = null;
    return server == null ? Future.succeededFuture() : server.close();
  }

  /** A socket that is closed still takes connections until its selector's next turn. */
  private Future<Void> refused(int attempts) {
    NetClient client = made.vertx.createNetClient();
    return client
        .connect(port, made.host)
        .transform(
            tried -> {
              client.close();
              return tried.failed() || attempts <= 1
                  ? Future.succeededFuture()
                  : later(() -> refused(attempts - 1));
            });
  }

  private void connected(HttpConnection connection) {
    connections.put(connection, ++connectionCount);
    connection.closeHandler(closed -> connections.remove(connection));
  }

  private Future<Void> onLoop(LoopAction action) {
    Promise<Void> done = context.promise();
    context.runOnContext(
        run -> {
          try {
            action.run().onComplete(done);
          } catch (RuntimeException e) {
            done.fail(e);
          }
        });
    return done.future();
  }

  private static void await(Future<?> future) {
    if (Context.isOnEventLoopThread()) {
      return;
    }
    try {
      future.toCompletionStage().toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a simulated server", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(String.valueOf(e.getCause()), e.getCause());
    } catch (TimeoutException e) {
      throw new IllegalStateException("a simulated server took " + WAIT_SECONDS + " s", e);
    }
  }

  @FunctionalInterface
  private interface LoopAction {
    Future<Void> run();
  }
}
