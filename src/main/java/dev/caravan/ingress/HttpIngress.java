package dev.caravan.ingress;

import dev.caravan.admission.Admission;
import dev.caravan.admission.LoopWatch;
import dev.caravan.admission.Shed;
import dev.caravan.request.Api;
import dev.caravan.request.InferenceRequest;
import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestParser;
import dev.caravan.time.Ticker;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.net.SocketAddress;
import java.util.Map;
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
  private final HeaderAllowList passed;
  private final ModelCatalog catalog;
  private final RequestEnd ends;
  private final UnaryOperator<@Nullable String> requestIds;
  private final Admission admission;
  private final Ticker ticker;
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
   */
  public HttpIngress(
      HttpSettings settings,
      ConversationFinder finder,
      ModelCatalog catalog,
      RequestEnd ends,
      UnaryOperator<@Nullable String> requestIds,
      Admission admission,
      Ticker ticker) {
    this.settings = settings;
    this.finder = finder;
    this.passed = new HeaderAllowList(settings.passHeaders(), finder.headers(), finder.others());
    this.catalog = catalog;
    this.ends = ends;
    this.requestIds = requestIds;
    this.admission = admission;
    this.ticker = ticker;
  }

  private static void closedForNow(
      dev.caravan.upstream.Call call, PassedHeaders headers, Reply reply) {
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
   * What a request asks for, and the conversation that it belongs to.
   *
   * @param from the connection it came on
   */
  InferenceRequest read(Api api, Incoming incoming, Channel from) throws InvalidRequest {
    ByteBuf body = incoming.body;
    InferenceRequest asked = parser.parse(api, body == null ? Unpooled.EMPTY_BUFFER : body);
    return finder.find(asked, incoming, from);
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

  /** The largest body of a request, in bytes. */
  public int maxBody() {
    return settings.maxBody();
  }

  HttpSettings settings() {
    return settings;
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

  /** A request is answered, or its client has left. */
  void over(Incoming request) {
    requests.decrement();
    if (request.admitted) {
      admission.leave();
    }
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
