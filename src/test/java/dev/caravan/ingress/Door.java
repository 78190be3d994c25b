package dev.caravan.ingress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.caravan.admission.Admission;
import dev.caravan.admission.Limits;
import dev.caravan.admission.Memory;
import dev.caravan.outcome.Outcome;
import dev.caravan.tenant.Access;
import dev.caravan.upstream.Call;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The inference port without a socket: an entry that a test answers for, and a clock by hand. */
final class Door {
  static final HttpSettings SETTINGS =
      new HttpSettings(
          2_000_000,
          200,
          1_000,
          1_000,
          2_000,
          5_000,
          3_000,
          Set.of("user-agent"),
          60_000,
          true,
          false);

  /** One call that came through. */
  record Visit(Call call, PassedHeaders headers, Reply reply) {}

  final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000);
  final Deque<Visit> visits = new ArrayDeque<>();
  final Admission admission;
  final List<String> ends = new ArrayList<>();
  final List<Integer> bodiesAtEnd = new ArrayList<>();
  final HttpIngress ingress;
  final EmbeddedChannel channel = new EmbeddedChannel(false, false);

  /** A machine whose memory is never used. */
  static final class NoMemory implements Memory {
    @Override
    public double direct() {
      return 0;
    }

    @Override
    public double heap() {
      return 0;
    }
  }

  private static final class Two implements ModelCatalog {
    @Override
    public Collection<Entry> all() {
      return List.of(new Entry("llama", 7), new Entry("say \"hi\"", 8));
    }

    @Override
    public @Nullable Entry find(String id) {
      return all().stream().filter(each -> each.id().equals(id)).findFirst().orElse(null);
    }
  }

  Door() {
    this(Limits.NONE, new NoMemory());
  }

  Door(Limits limits, Memory memory) {
    this(limits, memory, new ConversationSettings(List.of(), List.of(), null));
  }

  /** One that looks for conversations. */
  Door(ConversationSettings conversations) {
    this(Limits.NONE, new NoMemory(), conversations);
  }

  static ConversationFinder finder(ConversationSettings conversations) {
    return ConversationFinder.of(conversations, bytes -> Arrays.fill(bytes, (byte) 7));
  }

  /** One where credentials are asked for. */
  Door(Access access) {
    this(Limits.NONE, new NoMemory(), new ConversationSettings(List.of(), List.of(), null), access);
  }

  private Door(Limits limits, Memory memory, ConversationSettings conversations) {
    this(limits, memory, conversations, Access.open());
  }

  private Door(Limits limits, Memory memory, ConversationSettings conversations, Access access) {
    admission = new Admission(limits, memory, clock::get);
    ingress =
        new HttpIngress(
            SETTINGS,
            finder(conversations),
            new Two(),
            this::ended,
            sent -> "id-1",
            admission,
            access,
            clock::get,
            null);
    ingress.entry((call, headers, reply) -> visits.add(new Visit(call, headers, reply)));
    install(channel.pipeline(), ingress);
  }

  static void install(ChannelPipeline pipeline, HttpIngress ingress) {
    HttpConnection connection = new HttpConnection(ingress);
    HttpDecoderConfig config =
        new HttpDecoderConfig()
            .setMaxInitialLineLength(SETTINGS.maxLine())
            .setMaxHeaderSize(SETTINGS.maxHead())
            .setMaxChunkSize(64 * 1024)
            .setAllowDuplicateContentLengths(false);
    pipeline.addLast(new GatewayDecoder(config, connection, null), connection);
  }

  private void ended(
      @Nullable Call call,
      String id,
      String path,
      int status,
      Outcome outcome,
      long start,
      long bytesOut) {
    ends.add(status + " " + path + " " + outcome.label());
    bodiesAtEnd.add(call == null ? -1 : call.request().body().readableBytes());
  }

  Door open() {
    try {
      channel.register();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    return this;
  }

  void send(String text) {
    channel.writeInbound(Unpooled.copiedBuffer(text, ISO_8859_1));
  }

  /** What was written since. */
  String written() {
    StringBuilder text = new StringBuilder();
    ByteBuf part;
    while ((part = channel.readOutbound()) != null) {
      text.append(part.toString(ISO_8859_1));
      part.release();
    }
    return text.toString();
  }

  void pass(long millis) {
    clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
  }

  static String post(String body, String... headers) {
    return "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\n"
        + String.join("", headers)
        + "content-length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }
}
