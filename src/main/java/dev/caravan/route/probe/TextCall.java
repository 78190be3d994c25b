package dev.caravan.route.probe;

import dev.caravan.outcome.Outcome;
import dev.caravan.request.Api;
import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestParser;
import dev.caravan.route.server.Servers;
import dev.caravan.upstream.Answer;
import dev.caravan.upstream.AnswerReceiver;
import dev.caravan.upstream.BodySink;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.HeaderLines;
import dev.caravan.upstream.UpstreamClient;
import dev.caravan.upstream.UpstreamFailure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * A request made by a route itself, as text: a probe. It holds no lease, so it counts nowhere as
 * load, and its answer is collected: the body becomes its text, {@code caravan.status} its status,
 * and {@code caravan.firstTokenMillis} how long its first token took: the first event of a stream,
 * the first byte of any other answer.
 */
public final class TextCall implements AnswerReceiver, BodySink {
  /** Names the operation where it is not a chat, in the words of a server's probe parameter. */
  static final String API = "caravan.api";

  /** Bounds the call, in milliseconds; a Long. */
  static final String TIMEOUT = "caravan.timeoutMillis";

  /** Bounds the time to the first token of a stream, in milliseconds; a Long. */
  static final String FIRST_TOKEN_TIMEOUT = "caravan.firstTokenTimeoutMillis";

  /** How long the first token took, in milliseconds; a Long. */
  static final String FIRST_TOKEN = "caravan.firstTokenMillis";

  /** The most of an answer that is kept; a probe's is far smaller. */
  private static final int MAX_ANSWER = 1 << 20;

  private final UpstreamClient client;
  private final EventLoopGroup loops;
  private final Servers.Server server;
  private final Exchange exchange;
  private final AsyncCallback callback;
  private @Nullable ByteBuf request;
  private @Nullable ByteBuf collected;
  private @Nullable ScheduledFuture<?> timer;
  private @Nullable ScheduledFuture<?> firstTokenTimer;
  private long startNanos;
  private long firstTokenNanos = -1;
  private boolean events;
  private int status;
  private boolean done;

  /** A call that is yet to start, for the text in an exchange, on one of some loops. */
  public TextCall(
      UpstreamClient client,
      EventLoopGroup loops,
      Servers.Server server,
      Exchange exchange,
      AsyncCallback callback) {
    this.client = client;
    this.loops = loops;
    this.server = server;
    this.exchange = exchange;
    this.callback = callback;
  }

  /** Sends it; the exchange ends with the answer. */
  public void start() {
    String text = exchange.getIn().getBody(String.class);
    Api api = api(exchange.getIn().getHeader(API, String.class));
    EventLoop loop = loops.next();
    loop.execute(() -> send(text == null ? "" : text, api, loop));
  }

  private static Api api(@Nullable String word) {
    if (word == null) {
      return Api.CHAT_COMPLETIONS;
    }
    return switch (word) {
      case "completions" -> Api.COMPLETIONS;
      case "embeddings" -> Api.EMBEDDINGS;
      default -> Api.CHAT_COMPLETIONS;
    };
  }

  private void send(String text, Api api, EventLoop loop) {
    ByteBuf bytes = Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8));
    request = bytes;
    try {
      Call asked =
          new Call(
              new RequestParser().parse(api, bytes),
              "probe-" + server.backend().name(),
              loop,
              HeaderLines.NONE);
      String pool = server.target().servedAs();
      asked.pool(pool != null ? pool : asked.request().model());
      startNanos = client.ticker().nanos();
      client.send(server.target(), asked, this);
      timer = limited(asked, TIMEOUT, "no answer in ");
      if (asked.request().stream()) {
        firstTokenTimer = limited(asked, FIRST_TOKEN_TIMEOUT, "no first token in ");
      }
    } catch (InvalidRequest wrong) {
      finish(wrong);
    }
  }

  private @Nullable ScheduledFuture<?> limited(Call asked, String header, String what) {
    Long limit = exchange.getIn().getHeader(header, Long.class);
    if (limit == null || done) {
      return null;
    }
    return asked
        .loop()
        .schedule(() -> expire(asked, what + limit + " ms"), limit, TimeUnit.MILLISECONDS);
  }

  private void expire(Call asked, String reason) {
    if (!done) {
      finish(new UpstreamFailure(new Outcome.Expired(reason), true));
      asked.abandon();
    }
  }

  private static void cancel(@Nullable ScheduledFuture<?> timer) {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  @Override
  public void answered(Answer answer) {
    status = answer.head().status();
    events = answer.head().eventStream();
    answer.attach(this, false);
  }

  @Override
  public void failed(Outcome outcome) {
    finish(new UpstreamFailure(outcome, true));
  }

  @Override
  public void bytes(ByteBuf part) {
    ByteBuf kept = collected;
    if (kept == null) {
      kept = part.alloc().buffer(part.readableBytes());
      collected = kept;
    }
    if (kept.readableBytes() + part.readableBytes() <= MAX_ANSWER) {
      kept.writeBytes(part);
    }
    part.release();
    if (firstTokenNanos < 0 && (!events || EventText.begun(kept))) {
      firstTokenNanos = client.ticker().nanos() - startNanos;
      cancel(firstTokenTimer);
    }
  }

  @Override
  public void flush() {
    // Collected; nothing to send on.
  }

  @Override
  public void end() {
    finish(null);
  }

  @Override
  public void broken(Outcome how) {
    finish(new UpstreamFailure(how, true));
  }

  private void finish(@Nullable Exception failure) {
    if (done) {
      return;
    }
    done = true;
    cancel(timer);
    cancel(firstTokenTimer);
    ByteBuf kept = collected;
    String text = kept == null ? "" : kept.toString(StandardCharsets.UTF_8);
    if (kept != null) {
      kept.release();
    }
    ByteBuf sent = request;
    if (sent != null) {
      sent.release();
    }
    if (failure != null) {
      exchange.setException(failure);
    } else {
      exchange.getMessage().setHeader(ProbeAnswer.STATUS_HEADER, status);
      if (firstTokenNanos >= 0) {
        exchange
            .getMessage()
            .setHeader(FIRST_TOKEN, TimeUnit.NANOSECONDS.toMillis(firstTokenNanos));
      }
      exchange.getMessage().setBody(text);
    }
    callback.done(false);
  }
}
