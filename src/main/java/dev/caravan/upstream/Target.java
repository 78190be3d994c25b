package dev.caravan.upstream;

import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.fleet.Secret;
import dev.caravan.fleet.Timeouts;
import dev.caravan.request.Api;
import dev.caravan.tls.TlsClient;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslHandler;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Where and how one model server is reached: address, TLS, timeouts, the unchanging part of its
 * request heads, and its idle connections, a pool for each event loop. Safe for any thread; each
 * pool belongs to its loop.
 */
public final class Target {
  private final String name;
  private final InetSocketAddress address;
  private final @Nullable TlsClient tls;
  private final Timeouts timeouts;
  private volatile Merged merged;
  private final @Nullable String model;
  private final URI url;
  private final ConcurrentHashMap<EventLoop, ConnectionPool> pools = new ConcurrentHashMap<>();
  private final long keepAliveMillis;
  private final String base;
  private final String authority;
  private final String tlsName;
  private final @Nullable Secret apiKey;
  private final boolean forwardsCredentials;
  private volatile Heads heads;
  private volatile boolean retired;
  private volatile @Nullable String servedAs;

  /** The same for a server that is asked for by its own address. */
  public Target(
      BackendSpec spec, Timeouts timeouts, long keepAliveMillis, @Nullable TlsClient tls) {
    this(spec, timeouts, keepAliveMillis, tls, spec.url());
  }

  /**
   * A target without connections yet.
   *
   * @param timeouts what its endpoint says of them
   * @param keepAliveMillis how long an idle connection is kept; less than the server keeps it
   * @param tls what to speak to it with; null for a plain {@code http} server
   * @param as the URL that it is asked for by: in Host, and in TLS, where its certificate must be
   *     for it
   */
  public Target(
      BackendSpec spec, Timeouts timeouts, long keepAliveMillis, @Nullable TlsClient tls, URI as) {
    this.name = spec.name();
    this.tls = tls;
    this.timeouts = timeouts;
    this.merged = merge(PoolPolicy.DEFAULT);
    this.keepAliveMillis = keepAliveMillis;
    this.model = spec.model();
    URI url = spec.url();
    int port = url.getPort() >= 0 ? url.getPort() : tls != null ? 443 : 80;
    String host = url.getHost();
    this.address = InetSocketAddress.createUnresolved(withoutBrackets(host), port);
    this.authority = as.getRawAuthority();
    this.tlsName = withoutBrackets(as.getHost());
    String prefix = prefix(url);
    this.base = prefix.endsWith("/v1") ? prefix.substring(0, prefix.length() - 3) : prefix;
    this.url = url;
    this.apiKey = spec.apiKey();
    this.forwardsCredentials = spec.forwardsCredentials();
    this.heads = Heads.of(url, authority, apiKey == null ? null : apiKey.reveal());
  }

  private static String withoutBrackets(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  /** What begins every request to it, for each API, with the key that it has. */
  private record Heads(@Nullable String key, Map<Api, byte[]> byApi) {

    static Heads of(URI url, String authority, @Nullable String key) {
      Map<Api, byte[]> byApi = new EnumMap<>(Api.class);
      for (Api api : Api.values()) {
        byApi.put(api, head(api, url, authority, key));
      }
      return new Heads(key, byApi);
    }
  }

  @SuppressWarnings("ReferenceEquality") // a secret gives the same object as long as it is the same
  private byte[] head(Api api) {
    Heads now = heads;
    Secret secret = apiKey;
    if (secret != null) {
      String key = secret.reveal();
      if (now.key != key) {
        now = Heads.of(url, authority, key);
        heads = now;
      }
    }
    return Objects.requireNonNull(now.byApi.get(api));
  }

  private static byte[] head(Api api, URI url, String authority, @Nullable String key) {
    String prefix = prefix(url);
    // A prefix of /v1 is how OpenAI's own clients spell a base URL.
    String path = prefix.endsWith("/v1") ? prefix + api.path().substring(3) : prefix + api.path();
    StringBuilder head = new StringBuilder(256);
    head.append("POST ").append(path).append(" HTTP/1.1\r\n");
    head.append("host: ").append(authority).append("\r\n");
    head.append("content-type: application/json\r\n");
    if (key != null) {
      head.append("authorization: Bearer ").append(printable(key)).append("\r\n");
    }
    return head.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String prefix(URI url) {
    String prefix = url.getRawPath() == null ? "" : url.getRawPath();
    while (prefix.endsWith("/")) {
      prefix = prefix.substring(0, prefix.length() - 1);
    }
    return prefix;
  }

  /** A question for a path of the server itself, which is no part of its API. */
  FullHttpRequest get(String path) {
    DefaultFullHttpRequest request =
        new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, base + path);
    request.headers().set(HttpHeaderNames.HOST, authority).set(HttpHeaderNames.ACCEPT, "*/*");
    Secret key = apiKey;
    if (key != null) {
      request.headers().set(HttpHeaderNames.AUTHORIZATION, "Bearer " + key.reveal());
    }
    return request;
  }

  /** A key from a file or a variable may hold anything; a line break in it would end the header. */
  private static String printable(String key) {
    if (!Secret.printable(key)) {
      throw new IllegalArgumentException("apiKey: a key is printable ASCII without white space");
    }
    return key;
  }

  /** The server's name in the fleet. */
  public String name() {
    return name;
  }

  /**
   * How long it may take with a call of a pool: what its own endpoint says, else the pool, else the
   * default.
   */
  @SuppressWarnings("ReferenceEquality") // a policy that is equal costs a merge, no more
  Timeouts timeouts(PoolPolicy policy) {
    Merged last = merged;
    if (last.policy != policy) {
      last = merge(policy);
      merged = last;
    }
    return last.timeouts;
  }

  private Merged merge(PoolPolicy policy) {
    return new Merged(policy, timeouts.or(policy.timeouts()).or(Timeouts.DEFAULT));
  }

  /** The timeouts that hold for the pool that asked last; nearly always there is one alone. */
  private record Merged(PoolPolicy policy, Timeouts timeouts) {}

  long keepAliveMillis() {
    return keepAliveMillis;
  }

  /** The pool that it serves in, for requests that come through none; null before that is known. */
  public @Nullable String servedAs() {
    return servedAs;
  }

  public void servedAs(String pool) {
    servedAs = pool;
  }

  InetSocketAddress address() {
    return address;
  }

  /** A new handler that speaks TLS with it, or null for a plain {@code http} server. */
  @Nullable SslHandler tlsHandler(ByteBufAllocator allocator) {
    return tls == null ? null : tls.handler(allocator, tlsName, address.getPort());
  }

  /** The host's name or address, as its endpoint has it. */
  public String host() {
    return address.getHostString();
  }

  public int port() {
    return address.getPort();
  }

  /** The name by which the server knows the model that {@code pool} serves. */
  public String modelFor(String pool) {
    return model != null ? model : pool;
  }

  /** Whether it is asked in the client's name: what it says of credentials is for the client. */
  boolean forwardsCredentials() {
    return forwardsCredentials;
  }

  ConnectionPool pool(EventLoop loop) {
    ConnectionPool pool = pools.get(loop);
    return pool != null ? pool : pools.computeIfAbsent(loop, ConnectionPool::new);
  }

  /** Writes the request's head, the empty line included. */
  void writeHead(ByteBuf to, Call call, int contentLength) {
    to.writeBytes(head(call.request().api()));
    if (forwardsCredentials) {
      call.writeCredentials(to);
    }
    call.headers().writeTo(to);
    Lease lease = call.lease();
    if (lease != null && lease.trace() instanceof AttemptTrace attempt) {
      attempt.writeTo(to);
    }
    to.writeCharSequence("x-request-id: ", StandardCharsets.US_ASCII);
    to.writeCharSequence(call.requestId(), StandardCharsets.US_ASCII);
    to.writeCharSequence("\r\ncontent-length: ", StandardCharsets.US_ASCII);
    to.writeCharSequence(Integer.toString(contentLength), StandardCharsets.US_ASCII);
    to.writeInt('\r' << 24 | '\n' << 16 | '\r' << 8 | '\n');
  }

  /** No new requests will come: idle connections are closed, busy ones when they are done. */
  public void retire() {
    retired = true;
    pools.forEach((loop, pool) -> loop.execute(pool::closeIdle));
  }

  boolean retired() {
    return retired;
  }

  @Override
  public String toString() {
    return name;
  }
}
