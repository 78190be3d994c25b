package dev.caravan.discovery;

import dev.caravan.time.Chance;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.DnsServerAddressStreamProviders;
import io.netty.resolver.dns.NoopAuthoritativeDnsServerCache;
import io.netty.resolver.dns.NoopDnsCache;
import io.netty.resolver.dns.NoopDnsCnameCache;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;

/**
 * Finds servers by the addresses or the SRV records of a name. All of it runs on one event loop.
 */
public final class DnsFinder implements Finder {
  private final EventLoop loop;
  private final DnsSettings settings;
  private final Chance chance;
  private final DnsNameResolver resolver;
  private final DnsQuestions questions;

  /**
   * Nothing is asked yet.
   *
   * @param streams for answers that do not fit into a datagram
   */
  public DnsFinder(
      EventLoop loop,
      ChannelFactory<DatagramChannel> datagrams,
      ChannelFactory<SocketChannel> streams,
      DnsSettings settings,
      Chance chance) {
    this.loop = loop;
    this.settings = settings;
    this.chance = chance;
    DnsServerAddressStreamProvider nameServers =
        settings.servers().isEmpty()
            ? DnsServerAddressStreamProviders.platformDefault()
            : new SequentialDnsServerAddressStreamProvider(settings.servers());
    resolver =
        new DnsNameResolverBuilder(loop)
            .datagramChannelFactory(datagrams)
            .socketChannelFactory(streams)
            .nameServerProvider(nameServers)
            .queryTimeoutMillis(settings.timeoutMillis())
            .resolveCache(NoopDnsCache.INSTANCE)
            .cnameCache(NoopDnsCnameCache.INSTANCE)
            .authoritativeDnsServerCache(NoopAuthoritativeDnsServerCache.INSTANCE)
            .build();
    questions = new DnsQuestions(resolver, nameServers);
  }

  @Override
  public Runnable watch(Place place, Listener listener) {
    DnsWatch watch = new DnsWatch(place, listener, questions, loop, settings, chance);
    loop.execute(watch::ask);
    return () -> loop.execute(watch::stop);
  }

  @Override
  public void close() {
    resolver.close();
  }
}
