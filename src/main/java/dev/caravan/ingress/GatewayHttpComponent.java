package dev.caravan.ingress;

import dev.caravan.upstream.Transport;
import io.netty.channel.EventLoopGroup;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.camel.Consumer;
import org.apache.camel.Endpoint;
import org.apache.camel.component.netty.http.HttpServerBootstrapFactory;
import org.apache.camel.component.netty.http.NettyHttpComponent;
import org.apache.camel.component.netty.http.NettyHttpConsumer;
import org.apache.camel.component.netty.http.NettyHttpEndpoint;
import org.jspecify.annotations.Nullable;

/**
 * Camel's {@code netty-http}, with a pipeline that streams: consumers of this component share one
 * {@link HttpIngress}, which answers token by token where the stock pipeline would hold an answer
 * until its end. Consumers of one address share the port, which stays open while one takes the
 * place of another.
 */
public final class GatewayHttpComponent extends NettyHttpComponent implements Staged {
  private final HttpIngress ingress;
  private final Transport transport;
  private final EventLoopGroup loops;
  private final @Nullable SecurePort tls;
  private final Map<String, GatewayPort> ports = new HashMap<>(); // guarded by itself

  // ---- guarded by this
  private @Nullable NettyHttpConsumer current;
  private @Nullable NettyHttpConsumer next;
  private boolean staged;

  /**
   * A component to be registered as {@code netty-http}.
   *
   * @param loops accept connections and carry them; owned by the caller
   * @param tls what its ports speak TLS with; null where they speak plain HTTP
   */
  public GatewayHttpComponent(
      HttpIngress ingress, Transport transport, EventLoopGroup loops, @Nullable SecurePort tls) {
    this.ingress = ingress;
    this.transport = transport;
    this.loops = loops;
    this.tls = tls;
    setMuteException(true);
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters)
      throws Exception {
    Endpoint made = super.createEndpoint(uri, remaining, parameters);
    return made instanceof NettyHttpEndpoint http ? new GatewayHttpEndpoint(http, this) : made;
  }

  @Override
  protected HttpServerBootstrapFactory getOrCreateHttpNettyServerBootstrapFactory(
      NettyHttpConsumer consumer) {
    return new GatewayServer(consumer, this);
  }

  // ---- the ports

  /** Opens a port, or joins those that have. */
  void listen(String host, int port) {
    synchronized (ports) {
      String address = host + ":" + port;
      GatewayPort open = ports.get(address);
      if (open == null) {
        open = GatewayPort.open(host, port, ingress, transport, loops, tls);
        ports.put(address, open);
      }
      open.users++;
    }
  }

  /** One less listens; the last closes the port. */
  void leave(String host, int port) {
    synchronized (ports) {
      String address = host + ":" + port;
      GatewayPort open = ports.get(address);
      if (open != null && --open.users == 0) {
        ports.remove(address);
        open.close();
        if (ports.isEmpty()) {
          ingress.closeAll();
        }
      }
    }
  }

  // ---- where requests go

  synchronized void started(NettyHttpConsumer consumer) {
    if (staged) {
      next = consumer;
    } else {
      enter(consumer);
    }
  }

  private void enter(NettyHttpConsumer consumer) {
    current = consumer;
    ingress.entry(new CamelEntry(consumer));
  }

  @SuppressWarnings("ReferenceEquality") // this one or another
  synchronized void stopped(NettyHttpConsumer consumer) {
    if (current == consumer) {
      current = null;
      ingress.entry(null);
    }
  }

  @Override
  public synchronized void stage(Predicate<Consumer> leaves) {
    staged = true;
    next = null;
  }

  @Override
  public synchronized void commit() {
    staged = false;
    NettyHttpConsumer successor = next;
    next = null;
    if (successor != null) {
      enter(successor);
    }
  }

  @Override
  public synchronized void drop() {
    staged = false;
    next = null;
  }
}
