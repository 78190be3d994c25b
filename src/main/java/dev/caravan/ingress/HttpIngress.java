package dev.caravan.ingress;

import dev.caravan.admission.Admission;
import dev.caravan.admission.LoopWatch;
import dev.caravan.admission.Shed;
import dev.caravan.outcome.Outcome;
import dev.caravan.request.Api;
import dev.caravan.request.InferenceRequest;
import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestParser;
import dev.caravan.tenant.Access;
import dev.caravan.tenant.Shown;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.Trace;
import dev.caravan.upstream.TraceContext;
import dev.caravan.upstream.Tracing;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.net.SocketAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.UnaryOperator;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of the inference port share: limits, where requests go, who learns of their
 * end. Safe for any thread.
 */
public final class HttpIngress {
  private static final Logger LOG = Logger.getLogger(HttpIngress.class);

  /** Connections over the limit that may be open to read their error; chosen without experiment. */
  private static final int MAX_LEAVING = 1_000;

  private final RequestParser parser = new RequestParser();
  private final HttpSettings settings;
  private final ConversationFinder finder;
  private final ConversationFinder messages;
  private final HeaderAllowList passed;
  private final ModelCatalog catalog;
  private final RequestEnd ends;
  private final UnaryOperator<@Nullable String> requestIds;
  private final Admission admission;
  private final Doorkeeper door;
  private final Ticker ticker;
  private final @Nullable Tracing tracing;
  private final ChannelGroup open = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
  private final LongAdder requests = new LongAdder();
  private volatile boolean listening;
  private volatile @Nullable Channel port;
  private volatile Phase phase = Phase.OPEN;
  private volatile Entry entry = HttpIngress::closedForNow;

  /**
   * An ingress with no routes behind it yet.
   *
   * @param finder says which conversation a request belongs to
   * @param requestIds gives the id to use for what the client sent as {@code x-request-id}
   * @param admission judges whether the gateway can take more
   * @param access says who asks
   * @param tracing records requests; null where headers that belong to a trace just pass
   */
  public HttpIngress(
      HttpSettings settings,
      ConversationFinder finder,
      ModelCatalog catalog,
      RequestEnd ends,
      UnaryOperator<@Nullable String> requestIds,
      Admission admission,
      Access access,
      Ticker ticker,
      @Nullable Tracing tracing) {
    this.settings = settings;
    this.finder = finder;
    this.messages = finder.forMessages();
    this.passed =
        new HeaderAllowList(
            settings.passHeaders(),
            finder.headers(),
            finder.others(),
            tracing == null ? Set.of() : Set.of(TraceContext.PARENT, TraceContext.STATE),
            Shown.HEADERS);
    this.door = new Doorkeeper(access, settings.explain(), settings.open());
    this.tracing = tracing;
    this.catalog = catalog;
    this.ends = ends;
    this.requestIds = requestIds;
    this.admission = admission;
    this.ticker = ticker;
  }

  private static void closedForNow(Call call, PassedHeaders headers, Reply reply) {
    reply.error(ClientError.unavailable("The gateway is starting or stopping.", 1));
  }

  /** Sends requests there from now on; null while there is no route. */
  void entry(@Nullable Entry to) {
    listening = to != null;
    entry = to == null ? HttpIngress::closedForNow : to;
  }

  Entry entry() {
    return entry;
  }

  /**
   * The call of a request that is here as a whole.
   *
   * @param from the connection it came on
   */
  Call call(Api api, Incoming incoming, Channel from) throws InvalidRequest {
    return incoming.call(api, this, parser, finder, from);
  }

  /**
   * What a request would ask for, and the conversation that it would belong to, if it came. Counts
   * nothing.
   *
   * @param headers all that it would have
   * @param client where it would come from; null for nowhere
   * @throws InvalidRequest where no request has such a body
   */
  public InferenceRequest imagine(
      Api api,
      Iterable<Map.Entry<String, String>> headers,
      ByteBuf body,
      @Nullable SocketAddress client)
      throws InvalidRequest {
    HttpHeaders all = DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
    headers.forEach(header -> all.add(header.getKey(), header.getValue()));
    PassedHeaders said = new PassedHeaders();
    passed.lines(all, said);
    return finder.imagine(parser.parse(api, body), said.conversation(), client);
  }

  /**
   * What a message from a queue asks for, and which of its headers go with that: the same that may
   * pass from HTTP. Nobody waits for its answer: it is background work.
   *
   * @param named the conversation that the message names itself, if any
   * @param key what its queue keeps together, if anything
   * @throws InvalidRequest where it is no request
   */
  public Asked ask(
      Api api,
      Iterable<Map.Entry<String, String>> headers,
      ByteBuf body,
      @Nullable String named,
      @Nullable String key)
      throws InvalidRequest {
    return Asked.of(parser.parse(api, body), headers, passed, messages, named, key);
  }

  /** The largest body of a request, in bytes. */
  public int maxBody() {
    return settings.maxBody();
  }

  HttpSettings settings() {
    return settings;
  }

  Doorkeeper door() {
    return door;
  }

  HeaderAllowList passed() {
    return passed;
  }

  ModelCatalog catalog() {
    return catalog;
  }

  RequestEnd ends() {
    return ends;
  }

  /** What records requests and jobs; null where nothing is traced. */
  public @Nullable Tracing tracing() {
    return tracing;
  }

  /**
   * A request is answered, or its client has left.
   *
   * @param status what the client was sent, or would have been
   */
  void ended(Incoming request, @Nullable Call call, int status, Outcome outcome, long bytesOut) {
    requests.decrement();
    if (request.admitted) {
      admission.leave();
    }
    int sent = outcome instanceof Outcome.ClientGone ? 0 : status;
    ends.ended(
        call,
        request.requestId,
        request.head.pathLabel(),
        sent,
        outcome,
        request.startNanos,
        bytesOut);
    Trace trace = request.trace;
    if (trace != null) {
      trace.ended(call, sent, outcome);
    }
  }

  String requestId(@Nullable String sent) {
    return requestIds.apply(sent);
  }

  Ticker ticker() {
    return ticker;
  }

  /** Requests that are being answered now. */
  public long requests() {
    return requests.sum();
  }

  Admission admission() {
    return admission;
  }

  /**
   * A request's head is here.
   *
   * @param loop what is known of its event loop
   * @return the error to answer with, where the request goes no further
   */
  @Nullable ClientError begun(Incoming request, LoopWatch loop) {
    requests.increment();
    ClientError error = request.head.error();
    if (error == null) {
      error = door.ask(request);
    }
    if (error != null || request.head.api() == null) {
      return error;
    }
    if (phase.compareTo(Phase.CLOSED) >= 0) {
      return ClientErrors.stopping();
    }
    Shed why = admission.enter(loop);
    request.admitted = why == null;
    return why == null ? null : ClientError.overloaded(why);
  }

  /**
   * A client has connected.
   *
   * @return whether it may stay
   */
  boolean opened(Channel channel) {
    open.add(channel);
    return admission.connect();
  }

  /** Whether so many connections wait for their end that the next must not. */
  boolean crowded() {
    return open.size() - admission.connections() > MAX_LEAVING;
  }

  /**
   * A connection is closed.
   *
   * @param stayed what {@link #opened} said of it
   */
  void closed(Channel channel, boolean stayed) {
    open.remove(channel);
    if (stayed) {
      admission.disconnect();
    }
  }

  /** Whether requests are taken: the port is open and a route is behind it. */
  public boolean listening() {
    return listening;
  }

  /** Client connections that are open now. */
  public int connections() {
    return open.size();
  }

  /** The port is open. */
  void bound(Channel listens) {
    port = listens;
  }

  Phase phase() {
    return phase;
  }

  /** Goes a step on the way out; every connection learns of it on its own loop. */
  void phase(Phase next) {
    phase = next;
    Channel bound = port;
    if (next == Phase.CLOSED && bound != null) {
      bound.close().awaitUninterruptibly();
    }
    for (Channel each : open) {
      each.pipeline().fireUserEventTriggered(next);
    }
  }

  /** Whether no more than what runs, or not even that, is to be served. */
  public boolean draining() {
    return phase != Phase.OPEN;
  }

  /** Closes every client connection. */
  void closeAll() {
    open.close();
  }

  void unexpected(Throwable cause) {
    LOG.error("A client's connection is closed because the gateway failed", cause);
  }
}
