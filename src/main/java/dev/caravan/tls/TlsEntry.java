package dev.caravan.tls;

import dev.caravan.time.WallClock;
import dev.caravan.tls.Certificates.Own;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ssl.KeyManagerFactory;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One entry of the registry, and what of it is in force: contexts for new connections, swapped
 * whole when its files have changed and are good. Connections that stand keep what they began with.
 * Safe for any thread; {@link #refresh} may read files.
 */
public final class TlsEntry implements TlsClient {
  private static final Logger LOG = Logger.getLogger("dev.caravan.tls");

  /** What new connections are made with. */
  private record InForce(
      TlsMaterial material,
      SslContext client,
      @Nullable SslContext server,
      @Nullable Serving serving,
      ConcurrentHashMap<KeyManagerFactory, SslContext> named,
      List<Own> own) {}

  private final String name;
  private final TlsSource source;
  private final Executor handshakes;
  private final WallClock clock;
  private final LongAdder renewed = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private volatile InForce now;

  // ---- guarded by this
  private @Nullable Serving serves;
  private @Nullable String problem;

  /**
   * Reads it for the first time.
   *
   * @throws GeneralSecurityException where it cannot be used, or there is none
   */
  TlsEntry(String name, TlsSource source, Executor handshakes, WallClock clock)
      throws GeneralSecurityException {
    this.name = name;
    this.source = source;
    this.handshakes = handshakes;
    this.clock = clock;
    this.now = made(read(false));
    InForce first = now;
    for (Own own : first.own()) {
      try {
        Certificates.checkDates(own, clock.epochMillis());
      } catch (GeneralSecurityException e) {
        LOG.warnf("TLS entry %s: %s", name, e.getMessage());
      }
    }
    if (first.material().trustAll() || !first.material().verifyHost()) {
      LOG.warnf("TLS entry %s: servers are not verified; anybody can pretend to be one", name);
    }
  }

  public String name() {
    return name;
  }

  private TlsMaterial read(boolean again) throws GeneralSecurityException {
    TlsMaterial material = source.read(name, again);
    if (material == null) {
      throw new GeneralSecurityException("there is no quarkus.tls." + name);
    }
    return material;
  }

  private InForce made(TlsMaterial material) throws GeneralSecurityException {
    TlsContexts.check(material);
    KeyManagerFactory keys = material.keys();
    List<Own> own = keys == null ? List.of() : Certificates.of(keys);
    for (Own each : own) {
      Certificates.checkPair(each);
    }
    Serving serving = serves;
    SslContext server = null;
    if (serving != null) {
      if (keys == null) {
        throw new GeneralSecurityException("it has no key-store, which a port needs");
      }
      server = TlsContexts.server(material, keys, serving);
    }
    return new InForce(
        material, TlsContexts.client(material), server, serving, new ConcurrentHashMap<>(), own);
  }

  /**
   * Has it serve a port as well.
   *
   * @throws GeneralSecurityException where it cannot
   */
  synchronized TlsServer serve(Serving how) throws GeneralSecurityException {
    serves = how;
    now = made(now.material());
    return new TlsServer(this);
  }

  /** Reads its files again, and takes over what is new and good. */
  synchronized void refresh() {
    InForce before = now;
    try {
      TlsMaterial fresh = read(true);
      if (fresh.fingerprint().equals(before.material().fingerprint())) {
        if (problem != null) {
          LOG.infof("TLS entry %s: its files are again those in force", name);
          problem = null;
        }
        return;
      }
      InForce next = made(fresh);
      for (Own own : next.own()) {
        Certificates.checkDates(own, clock.epochMillis());
      }
      now = next;
      problem = null;
      renewed.increment();
      LOG.infof(
          "TLS entry %s: new connections use what its files hold now%s",
          name, next.own().isEmpty() ? "" : ": " + Certificates.describe(next.own()));
    } catch (GeneralSecurityException | RuntimeException e) {
      failed.increment();
      String why = String.valueOf(e.getMessage());
      if (!why.equals(problem)) {
        problem = why;
        LOG.errorf(
            "TLS entry %s: what its files hold now is not used, what is in force stays%s: %s",
            name,
            before.own().isEmpty() ? "" : " (" + Certificates.describe(before.own()) + ")",
            why);
      }
    }
  }

  /** Times that something new was taken over. */
  public long renewed() {
    return renewed.sum();
  }

  /** Times that its files were read and could not be used. */
  public long failed() {
    return failed.sum();
  }

  /** Seconds until the first of its own certificates ends, below 0 after; NaN where it has none. */
  public double secondsLeft() {
    List<Own> own = now.own();
    return own.isEmpty() ? Double.NaN : (Certificates.end(own) - clock.epochMillis()) / 1e3;
  }

  // ---- connections

  @Override
  public SslHandler handler(ByteBufAllocator allocator, String host, int port) {
    return now.client().newHandler(allocator, host, port, handshakes);
  }

  /** A handler for a client's connection. */
  SslHandler accepting(SslContext context, ByteBufAllocator allocator) {
    SslHandler handler = context.newHandler(allocator, handshakes);
    handler.setHandshakeTimeoutMillis(handshakeMillis());
    return handler;
  }

  long handshakeMillis() {
    return now.material().handshakeMillis();
  }

  boolean byName() {
    return now.material().byName() != null;
  }

  /** What a client that asks for that name is answered with; null for a name that none was sent. */
  SslContext serving(@Nullable String host) {
    InForce current = now;
    SslContext first = current.server();
    Serving how = current.serving();
    if (first == null || how == null) {
      throw new IllegalStateException(name + " serves no port");
    }
    var names = current.material().byName();
    KeyManagerFactory keys = names == null || host == null ? null : names.apply(host);
    if (keys == null) {
      return first;
    }
    // Its keys come from a store, and are as few as that has certificates.
    return current
        .named()
        .computeIfAbsent(
            keys,
            each -> {
              try {
                return TlsContexts.server(current.material(), each, how);
              } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
              }
            });
  }
}
