package dev.caravan.testing;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DefaultDnsResponse;
import io.netty.handler.codec.dns.DnsQuery;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.handler.codec.dns.TcpDnsQueryDecoder;
import io.netty.handler.codec.dns.TcpDnsResponseEncoder;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A name server on loopback that says what a test tells it to; it knows no name at first. */
public final class DnsServer implements AutoCloseable {
  private static final int MOST_TRIES = 50;
  private final NioEventLoopGroup loop = new NioEventLoopGroup(1);
  private final Map<String, Reply> replies = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> asked = new ConcurrentHashMap<>();
  private final Channel channel;
  private volatile @Nullable DnsResponseCode always;
  private volatile boolean silent;
  private volatile int datagramRecords = Integer.MAX_VALUE;
  private final AtomicInteger streamed = new AtomicInteger();
  private final Channel streams;

  private record Reply(List<byte[]> records, DnsRecordType type, long ttlSeconds) {}

  public DnsServer() {
    ServerBootstrap streaming =
        new ServerBootstrap()
            .group(loop)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new TcpDnsQueryDecoder(),
                            new TcpDnsResponseEncoder(),
                            new StreamAnswers());
                  }
                });
    Bootstrap datagrams =
        new Bootstrap()
            .group(loop)
            .channel(NioDatagramChannel.class)
            .handler(
                new ChannelInitializer<DatagramChannel>() {
                  @Override
                  protected void initChannel(DatagramChannel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new DatagramDnsQueryDecoder(),
                            new DatagramDnsResponseEncoder(),
                            new Answers());
                  }
                });
    // A port that is free for streams may be taken for datagrams, and the other way round.
    List<Channel> taken = new ArrayList<>();
    while (true) {
      Channel stream = streaming.bind("127.0.0.1", 0).syncUninterruptibly().channel();
      ChannelFuture datagram = datagrams.bind(stream.localAddress()).awaitUninterruptibly();
      if (datagram.isSuccess()) {
        streams = stream;
        channel = datagram.channel();
        break;
      }
      taken.add(stream);
      if (taken.size() == MOST_TRIES) {
        loop.shutdownGracefully();
        throw new IllegalStateException("no port is free for both", datagram.cause());
      }
    }
    taken.forEach(Channel::close);
  }

  /** Answers of more records are cut short in a datagram, and whole on a stream. */
  public DnsServer datagramRecords(int most) {
    datagramRecords = most;
    return this;
  }

  /** How often it was asked on a stream. */
  public int streamed() {
    return streamed.get();
  }

  public InetSocketAddress address() {
    return (InetSocketAddress) channel.localAddress();
  }

  // ---- what it says

  /** Those are the addresses of a name; of none of a kind, there is no record of that kind. */
  public DnsServer addresses(String name, long ttlSeconds, String... addresses) {
    List<byte[]> four = new ArrayList<>();
    List<byte[]> six = new ArrayList<>();
    for (String address : addresses) {
      byte[] bytes = NetUtil.createByteArrayFromIpAddressString(address);
      (bytes.length == 4 ? four : six).add(bytes);
    }
    put(name, DnsRecordType.A, four, ttlSeconds);
    put(name, DnsRecordType.AAAA, six, ttlSeconds);
    return this;
  }

  /** A name's SRV records, each as {@code priority weight port target}. */
  public DnsServer services(String name, long ttlSeconds, String... records) {
    List<byte[]> all = new ArrayList<>();
    for (String record : records) {
      String[] parts = record.split(" ", -1);
      ByteBuf content = Unpooled.buffer();
      for (int i = 0; i < 3; i++) {
        content.writeShort(Integer.parseInt(parts[i]));
      }
      writeName(content, parts[3]);
      all.add(bytes(content));
    }
    put(name, DnsRecordType.SRV, all, ttlSeconds);
    return this;
  }

  /** A name that is another one's. */
  public DnsServer alias(String name, long ttlSeconds, String target) {
    ByteBuf content = Unpooled.buffer();
    writeName(content, target);
    Reply reply = new Reply(List.of(bytes(content)), DnsRecordType.CNAME, ttlSeconds);
    replies.put(key(name, DnsRecordType.A), reply);
    replies.put(key(name, DnsRecordType.AAAA), reply);
    return this;
  }

  private void put(String name, DnsRecordType type, List<byte[]> records, long ttlSeconds) {
    replies.put(key(name, type), new Reply(List.copyOf(records), type, ttlSeconds));
  }

  /** There is no such name any more. */
  public DnsServer forget(String name) {
    replies.keySet().removeIf(key -> key.endsWith(" " + dotted(name)));
    return this;
  }

  /** There is no such record any more, and nothing is said of it at all. */
  public DnsServer fails(String name, DnsRecordType type) {
    replies.put(key(name, type), new Reply(List.of(), type, -1));
    return this;
  }

  /** From now on it says that, whatever is asked; null for what it knows. */
  public DnsServer always(@Nullable DnsResponseCode code) {
    always = code;
    return this;
  }

  /** Whether it says nothing. */
  public DnsServer silent(boolean now) {
    silent = now;
    return this;
  }

  /** How often it was asked for a name's records of that type. */
  public int asked(String name, DnsRecordType type) {
    AtomicInteger count = asked.get(key(name, type));
    return count == null ? 0 : count.get();
  }

  private static String key(String name, DnsRecordType type) {
    return type.name() + " " + dotted(name);
  }

  private static String dotted(String name) {
    return name.endsWith(".") ? name : name + ".";
  }

  private static void writeName(ByteBuf to, String name) {
    for (String label : name.split("\\.", -1)) {
      if (!label.isEmpty()) {
        byte[] bytes = label.getBytes(StandardCharsets.UTF_8);
        to.writeByte(bytes.length).writeBytes(bytes);
      }
    }
    to.writeByte(0);
  }

  private static byte[] bytes(ByteBuf from) {
    byte[] bytes = new byte[from.readableBytes()];
    from.readBytes(bytes);
    from.release();
    return bytes;
  }

  @Override
  public void close() {
    streams.close().syncUninterruptibly();
    channel.close().syncUninterruptibly();
    loop.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  /** Fills in what is said to a question. */
  private void answer(DnsQuestion question, DnsResponse response, boolean cut) {
    String key = key(question.name(), question.type());
    Reply reply = replies.get(key);
    DnsResponseCode code =
        always != null
            ? always
            : reply == null
                ? DnsResponseCode.NXDOMAIN
                : reply.ttlSeconds < 0 ? DnsResponseCode.SERVFAIL : DnsResponseCode.NOERROR;
    response.setCode(code).addRecord(DnsSection.QUESTION, question);
    response.setTruncated(cut);
    if (code.equals(DnsResponseCode.NOERROR) && reply != null) {
      for (byte[] record : cut ? reply.records.subList(0, 1) : reply.records) {
        response.addRecord(
            DnsSection.ANSWER,
            new DefaultDnsRawRecord(
                question.name(), reply.type, reply.ttlSeconds, Unpooled.wrappedBuffer(record)));
      }
    }
  }

  /** Notes what is asked. */
  private DnsQuestion asked(DnsQuery query) {
    DnsQuestion question = query.recordAt(DnsSection.QUESTION);
    asked
        .computeIfAbsent(key(question.name(), question.type()), each -> new AtomicInteger())
        .incrementAndGet();
    return question;
  }

  private final class Answers extends SimpleChannelInboundHandler<DatagramDnsQuery> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, DatagramDnsQuery query) {
      DnsQuestion question = asked(query);
      if (silent) {
        return;
      }
      DatagramDnsResponse response =
          new DatagramDnsResponse(
              /* sender= */ query.recipient(), /* recipient= */ query.sender(), query.id());
      Reply reply = replies.get(key(question.name(), question.type()));
      answer(question, response, reply != null && reply.records.size() > datagramRecords);
      context.writeAndFlush(response);
    }
  }

  private final class StreamAnswers extends SimpleChannelInboundHandler<DnsQuery> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, DnsQuery query) {
      DefaultDnsResponse response = new DefaultDnsResponse(query.id());
      answer(asked(query), response, false);
      streamed.incrementAndGet();
      context.writeAndFlush(response);
    }
  }
}
