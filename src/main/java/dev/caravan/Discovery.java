package dev.caravan;

import dev.caravan.discovery.DnsFinder;
import dev.caravan.discovery.DnsSettings;
import dev.caravan.discovery.Finder;
import dev.caravan.discovery.Finders;
import dev.caravan.discovery.KubernetesFinder;
import dev.caravan.health.Breakers;
import dev.caravan.route.server.ServerGroups;
import dev.caravan.route.server.Servers;
import dev.caravan.telemetry.DiscoveryMeters;
import dev.caravan.time.Chance;
import dev.caravan.time.Scheduler;
import dev.caravan.upstream.Transport;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Servers that are found, put together: who looks for them, and who is told of them. */
final class Discovery {
  private static final Pattern NAME_SERVER =
      Pattern.compile("(\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[0-9A-Fa-f:.]+])(?::(\\d{1,5}))?");
  private static final int DNS_PORT = 53;

  private final ServerGroups groups;
  private final ExecutorService entering = thread("caravan-discovery");
  private final ExecutorService telling = thread("caravan-discovered");
  private volatile Supplier<KubernetesClient> kubernetes = Discovery::cluster;

  Discovery(
      DiscoverySettings settings,
      Servers servers,
      Breakers breakers,
      MeterRegistry registry,
      Transport transport,
      EventLoopGroup loops,
      Scheduler scheduler,
      Chance chance) {
    Finder dns =
        new DnsFinder(
            loops.next(),
            transport.datagramChannels(),
            transport.clientChannels(),
            dns(settings.dns()),
            chance);
    groups =
        new ServerGroups(
            servers,
            breakers,
            new Finders(dns, new KubernetesFinder(() -> kubernetes.get(), scheduler)),
            new DiscoveryMeters(registry),
            entering,
            telling,
            scheduler,
            settings.patience().toMillis());
    servers.groups(groups);
  }

  /** Another cluster, for places that are looked for from now on. */
  void kubernetes(Supplier<KubernetesClient> client) {
    kubernetes = client;
  }

  /** A client of the cluster that this runs in, or of the one that kubectl would ask. */
  private static KubernetesClient cluster() {
    return new KubernetesClientBuilder().withHttpClientFactory(new JdkHttpClientFactory()).build();
  }

  /** One thread; what comes when it is shut down is nobody's business any more. */
  private static ExecutorService thread(String name) {
    return new ThreadPoolExecutor(
        1,
        1,
        0,
        TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(),
        new DefaultThreadFactory(name, true),
        new ThreadPoolExecutor.DiscardPolicy());
  }

  private static DnsSettings dns(DiscoverySettings.Dns settings) {
    List<InetSocketAddress> servers = new ArrayList<>();
    for (String text : settings.servers().orElse(List.of())) {
      Matcher matcher = NAME_SERVER.matcher(text.strip());
      int port =
          !matcher.matches()
              ? -1
              : matcher.group(2) == null ? DNS_PORT : Integer.parseInt(matcher.group(2));
      if (port < 1 || port > 65_535) {
        throw new ConfigurationException(
            "caravan.discovery.dns.servers: \"" + text + "\" is no address such as 10.0.0.10:53");
      }
      servers.add(new InetSocketAddress(matcher.group(1), port));
    }
    try {
      return new DnsSettings(
          servers,
          settings.minTtl().toMillis(),
          settings.maxTtl().toMillis(),
          settings.timeout().toMillis(),
          settings.emptyAnswers());
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("caravan.discovery.dns: " + e.getMessage());
    }
  }

  /** Looks no more. */
  void close() {
    groups.close();
    entering.shutdown();
    telling.shutdown();
  }
}
