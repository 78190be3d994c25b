package dev.caravan.route.server;

import dev.caravan.discovery.Found;
import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.ServerState;
import dev.caravan.route.parameter.ModelParameters;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The servers for which one endpoint stands. Any thread may read; {@link ServerGroups} alone
 * changes it.
 */
public final class ServerGroup {
  /** That of a server that was not found. */
  public static final Availability NOBODY =
      new Availability(
          ServerState.DOWN, Availability.Use.NONE, "no server was found", Availability.UNTIL_NEWS);

  private static final int NAME_LENGTH = 64;

  private final String name;
  private final long patienceMillis;
  private final CopyOnWriteArrayList<Runnable> listeners = new CopyOnWriteArrayList<>();
  private final CountDownLatch answered = new CountDownLatch(1);
  private volatile List<Backend> servers = List.of();
  private volatile @Nullable String pool;

  /**
   * Nobody yet.
   *
   * @param patienceMillis how long the start of a route may wait for the first answer
   */
  ServerGroup(String name, long patienceMillis) {
    this.name = name;
    this.patienceMillis = patienceMillis;
  }

  /** The name of the endpoint that stands for them. */
  public String name() {
    return name;
  }

  /** Those that may get requests now, in no order. */
  public List<Backend> servers() {
    return servers;
  }

  /** These are its servers from now on. */
  void servers(List<Backend> now) {
    servers = List.copyOf(now);
    answered.countDown();
    listeners.forEach(Runnable::run);
  }

  /** Adds someone who is told when {@link #servers} has changed, on a thread that may not wait. */
  public void onChange(Runnable listener) {
    listeners.addIfAbsent(listener);
  }

  /** Takes away one who was told. */
  public void offChange(Runnable listener) {
    listeners.remove(listener);
  }

  /** A pool for which its servers answer. */
  public void servedAs(String newPool) {
    pool = newPool;
  }

  /** The pool for which they answer; null before that is known. */
  @Nullable String servedAs() {
    return pool;
  }

  /** It is known who is there, or that nobody can say. */
  void answered() {
    answered.countDown();
  }

  /** Waits for that, for a while; for threads that start routes. */
  public void awaitAnswer() throws InterruptedException {
    boolean ignored = answered.await(patienceMillis, TimeUnit.MILLISECONDS);
  }

  /** The name in the fleet of a server that was found. */
  static String nameOf(String group, Found found) {
    String full = group + "-" + found.key().replaceAll("[^A-Za-z0-9._-]", "-");
    if (full.length() <= NAME_LENGTH) {
      return full;
    }
    String digest = String.format(Locale.ROOT, "%08x", full.hashCode());
    return full.substring(0, NAME_LENGTH - 1 - digest.length()) + "-" + digest;
  }

  /** What the endpoint says, of one server for which it stands. */
  static ModelParameters member(ModelParameters said, Found found) {
    BackendSpec spec = said.spec();
    URI url = spec.url();
    boolean secure = "https".equalsIgnoreCase(url.getScheme());
    int port =
        found.port() > 0 ? found.port() : url.getPort() > 0 ? url.getPort() : secure ? 443 : 80;
    String host = found.host().indexOf(':') < 0 ? found.host() : "[" + found.host() + "]";
    String path = url.getRawPath() == null ? "" : url.getRawPath();
    return new ModelParameters(
        new BackendSpec(
            nameOf(spec.name(), found),
            URI.create(url.getScheme() + "://" + host + ":" + port + path),
            spec.weight(),
            spec.maxInflight(),
            spec.model(),
            spec.apiKey(),
            spec.zone() != null ? spec.zone() : found.zone(),
            spec.labels(),
            spec.cacheTokens(),
            spec.forwardsCredentials()),
        said.timeouts(),
        said.keepAliveMillis(),
        said.probe(),
        said.health(),
        said.metrics(),
        said.trustCertificates(),
        said.tls(),
        said.drain(),
        null,
        said.as(),
        spec.name());
  }

  @Override
  public String toString() {
    return "model:" + name;
  }
}
