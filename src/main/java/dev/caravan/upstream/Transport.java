package dev.caravan.upstream;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollMode;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;

/**
 * How bytes move on this machine: native epoll where there is one, NIO elsewhere. Immutable.
 *
 * <p>With epoll, channels are level-triggered: an edge-triggered one must read until the socket is
 * empty, which costs a second system call for every event of a stream.
 */
public final class Transport {
  private final boolean epoll;

  private Transport(boolean epoll) {
    this.epoll = epoll;
  }

  /** The best that works here. */
  public static Transport best() {
    return new Transport(Epoll.isAvailable());
  }

  /** Plain Java NIO. */
  public static Transport nio() {
    return new Transport(false);
  }

  public boolean isNative() {
    return epoll;
  }

  /** Event loops for this transport; the caller shuts them down. */
  public EventLoopGroup eventLoops(int threads, String name) {
    DefaultThreadFactory factory = new DefaultThreadFactory(name, true);
    return epoll
        ? new EpollEventLoopGroup(threads, factory)
        : new NioEventLoopGroup(threads, factory);
  }

  /** The channels that connect. */
  public ChannelFactory<SocketChannel> clientChannels() {
    return epoll ? EpollSocketChannel::new : NioSocketChannel::new;
  }

  /** The channels that listen. */
  public ChannelFactory<ServerSocketChannel> serverChannels() {
    return epoll ? EpollServerSocketChannel::new : NioServerSocketChannel::new;
  }

  /** The channels that name lookups use. */
  public ChannelFactory<DatagramChannel> datagramChannels() {
    return epoll ? EpollDatagramChannel::new : NioDatagramChannel::new;
  }

  void levelTriggered(Bootstrap bootstrap) {
    if (epoll) {
      bootstrap.option(EpollChannelOption.EPOLL_MODE, EpollMode.LEVEL_TRIGGERED);
    }
  }

  /** The same for the connections that a server accepts. */
  public void levelTriggered(ServerBootstrap bootstrap) {
    if (epoll) {
      bootstrap.childOption(EpollChannelOption.EPOLL_MODE, EpollMode.LEVEL_TRIGGERED);
    }
  }
}
