package dev.caravan.upstream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.Timeouts;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.outcome.Outcome.Lesson;
import dev.caravan.request.Api;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.resolver.DefaultAddressResolverGroup;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A call's own time, its waits and its forks, on one loop whose clock a test moves. */
class CallTest {
  private static final Timeouts OWN = new Timeouts(100, 1_000, 500, 5_000);
  private static final String HEAD = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";

  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000_000); // overflows soon
  private final Calls calls = new Calls();
  private final UpstreamClient client =
      new UpstreamClient(
          Transport.nio(), DefaultAddressResolverGroup.INSTANCE, clock::get, () -> 0);
  private final List<Outcome> closes = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private final Wire a = new Wire("a");
  private final Wire b = new Wire("b");
  private final Call call =
      calls.call(Api.CHAT_COMPLETIONS, a.channel.eventLoop(), HeaderLines.NONE);

  /** One server with an idle connection to it. */
  private final class Wire implements AnswerReceiver, BodySink {
    private final String name;
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Backend backend;
    private final Target target;

    Wire(String name) {
      this.name = name;
      BackendSpec spec = BackendSpec.of(name, URI.create("http://127.0.0.1:1"));
      backend = new Backend(spec);
      backend.onClose((lease, outcome) -> closes.add(outcome));
      target = new Target(spec, OWN, 600_000, null);
    }

    void send(Call asked) {
      ConnectionPool pool = target.pool(asked.loop());
      Connection connection = new Connection(channel, pool, target, clock::get);
      channel.pipeline().addLast(connection);
      connection.release();
      asked.lease(Objects.requireNonNull(Lease.open(backend, "llama", clock::get)));
      client.send(target, asked, this);
    }

    void receive(String text) {
      channel.writeInbound(Unpooled.copiedBuffer(text, ISO_8859_1));
    }

    @Override
    public void answered(Answer answer) {
      told.add(name + " answered");
      answer.attach(this, false);
    }

    @Override
    public void failed(Outcome how) {
      told.add(name + " failed: " + how.detail());
    }

    @Override
    public void bytes(ByteBuf part) {
      part.release();
    }

    @Override
    public void flush() {
      // Nothing is held back.
    }

    @Override
    public void end() {
      told.add(name + " ended");
    }

    @Override
    public void broken(Outcome how) {
      told.add(name + " broken: " + how.detail());
    }
  }

  private void limit(long totalMillis, long firstTokenMillis) {
    call.limit(new ClientLimits(totalMillis, firstTokenMillis), clock.get(), clock::get);
  }

  private void pass(long millis) {
    clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    for (Wire wire : List.of(a, b)) {
      wire.channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
      wire.channel.runScheduledPendingTasks();
    }
  }

  @AfterEach
  void everyLeaseAndBuffer_isReturned() {
    call.end(new Outcome.Refused("the test is over"));
    a.channel.finishAndReleaseAll();
    b.channel.finishAndReleaseAll();
    assertThat(a.backend.inflight() + b.backend.inflight()).isZero();
    calls.release();
  }

  // ---- the client's own time

  @Test
  void firstToken_shorterThanTheServers_isTheClientsDoing() {
    limit(0, 300);
    a.send(call);
    pass(299);
    assertThat(told).isEmpty();
    pass(1);
    assertThat(told).containsExactly("a failed: no first token in 300 ms");
    assertThat(closes)
        .containsExactly(new Outcome.FailedBefore(Cause.CLIENT_LIMIT, "no first token in 300 ms"));
    assertThat(closes.get(0).lesson()).isEqualTo(Lesson.NONE);
    assertThat(call.expired()).isFalse();
  }

  @Test
  void firstToken_longerThanTheServers_replacesIt() {
    limit(0, 3_000);
    a.send(call);
    pass(2_999);
    assertThat(told).isEmpty();
    pass(1);
    assertThat(closes)
        .containsExactly(
            new Outcome.FailedBefore(Cause.FIRST_BYTE_TIMEOUT, "no first token in 3000 ms"));
  }

  @Test
  void total_runsFromTheArrival() {
    call.limit(new ClientLimits(400, 0), clock.get(), clock::get);
    pass(100);
    a.send(call);
    pass(299);
    assertThat(told).isEmpty();
    pass(1);
    assertThat(told).containsExactly("a failed: the client allowed 400 ms");
    assertThat(closes.get(0).lesson()).isEqualTo(Lesson.NONE);
    assertThat(call.expired()).isTrue();
    assertThat(call.expiry().label()).isEqualTo("expired");
    assertThat(a.channel.isActive()).isFalse();
  }

  @Test
  void total_longerThanTheServers_makesRoom_andEndsAStream() {
    limit(8_000, 0);
    a.send(call);
    a.receive(HEAD + "x");
    for (int i = 0; i < 19; i++) {
      pass(400);
      a.receive("x");
    }
    assertThat(told).containsExactly("a answered");
    pass(400);
    assertThat(told).containsExactly("a answered", "a broken: the client allowed 8000 ms");
    assertThat(closes)
        .containsExactly(new Outcome.FailedAfter(Cause.CLIENT_LIMIT, "the client allowed 8000 ms"));
  }

  @Test
  void total_ofACallThatHasEnded_isNoMore() {
    limit(400, 0);
    call.end(new Outcome.Completed(200));
    assertThat(a.channel.hasPendingTasks()).isFalse();
    pass(400);
    assertThat(call.expired()).isFalse();
  }

  @Test
  void total_passedWhileItWaits_stopsTheWaitOnce() {
    limit(400, 0);
    call.waits(() -> told.add("stopped, expired: " + call.expired()));
    pass(400);
    call.abandon();
    assertThat(told).containsExactly("stopped, expired: true");
  }

  @Test
  void wait_ofAClientThatLeaves_isStoppedOnce() {
    call.waits(() -> told.add("stopped, abandoned: " + call.abandoned()));
    call.abandon();
    call.end(new Outcome.ClientGone(false));
    assertThat(told).containsExactly("stopped, abandoned: true");
  }

  @Test
  void wait_thatIsOver_isNotStopped() {
    call.waits(() -> told.add("stopped"));
    call.waits(null);
    call.abandon();
    assertThat(told).isEmpty();
  }

  @Test
  void expiredBeforeItIsSent_isNotSent() {
    limit(400, 0);
    pass(400);
    a.send(call);
    assertThat(told).containsExactly("a failed: the client allowed 400 ms");
    assertThat(a.channel.outboundMessages()).isEmpty();
    assertThat(call.attempts()).isZero();
    assertThat(closes).containsExactly(call.expiry());
  }

  @Test
  void abandonedBeforeItIsSent_isNotSent() {
    call.abandon();
    a.send(call);
    assertThat(a.channel.outboundMessages()).isEmpty();
    assertThat(closes).containsExactly(new Outcome.ClientGone(false));
  }

  // ---- in its pool

  @Test
  void retries_countOnceAsSuch_untilTheEnd() {
    Pool pool = new Pool("llama");
    call.pool(pool);
    assertThat(pool.live()).isEqualTo(1);
    call.retried();
    call.retried();
    assertThat(pool.live()).isZero();
    assertThat(pool.inflight()).isEqualTo(1);
    call.end(new Outcome.Completed(200));
    assertThat(pool.live()).isZero();
    assertThat(pool.inflight()).isZero();
  }

  @Test
  void clientsOwnRetry_isNoLiveRequest() {
    Pool pool = new Pool("llama");
    call.clientRetries(2);
    call.pool(pool);
    assertThat(pool.live()).isZero();
    call.retried();
    call.end(new Outcome.Completed(200));
    assertThat(pool.live()).isZero();
  }

  // ---- forks

  @Test
  void forks_winnerIsAdopted_loserIsSuperseded() {
    Call first = call.fork();
    Call second = call.fork();
    a.send(first);
    b.send(second);
    assertThat(call.attempts()).isEqualTo(2);
    b.receive(HEAD + "x");
    first.supersede("b was first");
    call.adopt(second);
    assertThat(told).containsExactly("b answered", "a failed: b was first");
    assertThat(closes).containsExactly(new Outcome.Superseded("b was first"));
    assertThat(a.channel.isActive()).isFalse();
    assertThat(Objects.requireNonNull(call.lease()).backend()).isSameAs(b.backend);
    assertThat(call.abandoned()).isFalse();
    call.abandon();
    assertThat(b.channel.isActive()).isFalse();
    assertThat(closes).last().isEqualTo(new Outcome.ClientGone(true));
    assertThat(second.abandoned()).isTrue();
  }

  @Test
  void forks_areAbandonedWithTheCall() {
    a.send(call.fork());
    b.send(call.fork());
    call.abandon();
    assertThat(closes)
        .containsExactly(new Outcome.ClientGone(false), new Outcome.ClientGone(false));
    assertThat(a.channel.isActive() || b.channel.isActive()).isFalse();
  }

  @Test
  void forks_runOutOfTimeWithTheCall() {
    limit(400, 0);
    a.send(call.fork());
    b.send(call.fork());
    pass(400);
    assertThat(told)
        .containsExactly(
            "a failed: the client allowed 400 ms", "b failed: the client allowed 400 ms");
    assertThat(closes).allMatch(how -> how.lesson() == Lesson.NONE).hasSize(2);
  }

  @Test
  void forks_endWithTheCall() {
    a.send(call.fork());
    Outcome how = new Outcome.Refused("the gateway failed");
    call.end(how);
    assertThat(closes).containsExactly(how);
  }
}
