package dev.caravan.discovery;

import dev.caravan.discovery.DnsAnswer.Failed;
import dev.caravan.discovery.DnsAnswer.Nothing;
import dev.caravan.discovery.DnsAnswer.Records;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.AddressedEnvelope;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRecordDecoder;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsServerAddressStream;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks name servers, one after the other until one knows, and tells "there is none" from "nobody
 * knows": Netty's own lookup of a name takes a server that refuses for one that has no such name.
 * Belongs to the event loop of its resolver.
 */
final class DnsQuestions {
  /** As many aliases in a row are a loop. */
  private static final int ALIASES = 8;

  private final DnsNameResolver resolver;
  private final DnsServerAddressStreamProvider nameServers;

  DnsQuestions(DnsNameResolver resolver, DnsServerAddressStreamProvider nameServers) {
    this.resolver = resolver;
    this.nameServers = nameServers;
  }

  /** A server that an SRV record names. */
  record Target(int priority, int port, String host) {}

  /** What is read of a record; null where it is not what was asked for. */
  @FunctionalInterface
  private interface Reader<T> {
    @Nullable T read(ByteBuf content);
  }

  /** What an answer has: values, or another name to ask for. */
  private record Said<T>(List<T> values, @Nullable String alias) {}

  /** A name for the log, which anybody may have chosen. */
  private static String printable(String name) {
    return name.replaceAll("[^!-~]", "?");
  }

  /** Asks for the addresses of a name, of one kind. */
  void addresses(String name, DnsRecordType kind, Consumer<DnsAnswer<String>> told) {
    new Question<>(kind, DnsQuestions::address, told).ask(name);
  }

  /** Asks for the SRV records of a name. */
  void targets(String name, Consumer<DnsAnswer<Target>> told) {
    new Question<>(DnsRecordType.SRV, DnsQuestions::target, told).ask(name);
  }

  private static @Nullable String address(ByteBuf content) {
    int length = content.readableBytes();
    if (length != 4 && length != 16) {
      return null;
    }
    try {
      return InetAddress.getByAddress(ByteBufUtil.getBytes(content)).getHostAddress();
    } catch (UnknownHostException e) {
      return null; // never, of 4 or 16 bytes
    }
  }

  /** RFC 2782: priority, weight, port, and a name that is not compressed. */
  private static @Nullable Target target(ByteBuf content) {
    if (content.readableBytes() < 7) {
      return null;
    }
    int start = content.readerIndex();
    ByteBuf name = content.slice(start + 6, content.readableBytes() - 6);
    String host = DefaultDnsRecordDecoder.decodeName(name);
    // The name "." says that there is no such service.
    return host.equals(".")
        ? null
        : new Target(content.getUnsignedShort(start), content.getUnsignedShort(start + 4), host);
  }

  /** One question, on its way through servers and aliases. */
  private final class Question<T> {
    private final DnsRecordType kind;
    private final Reader<T> reader;
    private final Consumer<DnsAnswer<T>> told;
    private int aliases;
    private long ttlSeconds = Long.MAX_VALUE;

    Question(DnsRecordType kind, Reader<T> reader, Consumer<DnsAnswer<T>> told) {
      this.kind = kind;
      this.reader = reader;
      this.told = told;
    }

    void ask(String name) {
      DnsQuestion question;
      try {
        question = new DefaultDnsQuestion(name, kind);
      } catch (IllegalArgumentException e) {
        // What a record names can be any bytes.
        told.accept(new Failed<>("there is no asking for the name " + printable(name)));
        return;
      }
      DnsServerAddressStream servers = nameServers.nameServerAddressStream(name);
      ask(question, servers, servers.size());
    }

    private void ask(DnsQuestion question, DnsServerAddressStream servers, int left) {
      InetSocketAddress server = servers.next();
      resolver
          .query(server, question)
          .addListener(
              done -> {
                if (done.isSuccess()) {
                  answered(question, servers, left, server, done.getNow());
                } else {
                  unanswered(question, servers, left, reason(server, done.cause()));
                }
              });
    }

    private void answered(
        DnsQuestion question,
        DnsServerAddressStream servers,
        int left,
        InetSocketAddress server,
        Object answer) {
      @SuppressWarnings("unchecked") // what query() promises, and its listener does not say
      AddressedEnvelope<DnsResponse, InetSocketAddress> envelope =
          (AddressedEnvelope<DnsResponse, InetSocketAddress>) answer;
      Said<T> said;
      try {
        DnsResponse response = envelope.content();
        if (response.code().equals(DnsResponseCode.NXDOMAIN)) {
          said = new Said<>(List.of(), null);
        } else if (response.code().equals(DnsResponseCode.NOERROR)) {
          said = read(response);
        } else {
          unanswered(question, servers, left, server.getHostString() + " said " + response.code());
          return;
        }
      } catch (CorruptedFrameException | IndexOutOfBoundsException e) {
        unanswered(question, servers, left, server.getHostString() + " sent a broken record");
        return;
      } finally {
        envelope.release();
      }
      said(question.name(), said);
    }

    private void unanswered(
        DnsQuestion question, DnsServerAddressStream servers, int left, String why) {
      if (left > 1) {
        ask(question, servers, left - 1);
      } else {
        told.accept(new Failed<>(why));
      }
    }

    private Said<T> read(DnsResponse response) {
      List<T> values = new ArrayList<>();
      String alias = null;
      for (int i = 0; i < response.count(DnsSection.ANSWER); i++) {
        DnsRecord record = response.recordAt(DnsSection.ANSWER, i);
        boolean wanted = record.type().equals(kind);
        boolean other = record.type().equals(DnsRecordType.CNAME);
        if ((!wanted && !other) || !(record instanceof ByteBufHolder holder)) {
          continue;
        }
        ttlSeconds = Math.min(ttlSeconds, record.timeToLive());
        if (other) {
          alias = DefaultDnsRecordDecoder.decodeName(holder.content().duplicate());
        } else {
          T value = reader.read(holder.content());
          if (value != null) {
            values.add(value);
          }
        }
      }
      return new Said<>(List.copyOf(values), alias);
    }

    private void said(String name, Said<T> said) {
      String alias = said.alias;
      if (!said.values.isEmpty()) {
        told.accept(new Records<>(said.values, ttlSeconds));
      } else if (alias == null) {
        told.accept(new Nothing<>());
      } else if (++aliases > ALIASES) {
        told.accept(new Failed<>("more than " + ALIASES + " aliases behind " + printable(name)));
      } else {
        ask(alias);
      }
    }

    private String reason(InetSocketAddress server, Throwable cause) {
      String text = cause.getMessage();
      return server.getHostString()
          + " did not answer"
          + (text == null || text.contains("timed out") ? "" : ": " + text);
    }
  }
}
