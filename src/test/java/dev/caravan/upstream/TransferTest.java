package dev.caravan.upstream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Timeouts;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One connection without a socket, a clock that stands still, and all that a server may send. */
class TransferTest {
  private static final Timeouts LIMITS = new Timeouts(100, 1_000, 500, 5_000);
  private static final String OK = "HTTP/1.1 200 OK\r\n";

  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000_000); // overflows soon
  private final Calls calls = new Calls();
  private final BackendSpec spec = BackendSpec.of("gpu-a", URI.create("http://127.0.0.1:1"));
  private final Backend backend = new Backend(spec);
  private final List<Outcome> closes = new ArrayList<>();
  private final Target target = new Target(spec, LIMITS, 2_000, null);
  private final UpstreamClient client =
      new UpstreamClient(
          Transport.nio(), DefaultAddressResolverGroup.INSTANCE, clock::get, () -> 0);
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final Listener listener = new Listener();
  private Call call = calls.call(Api.CHAT_COMPLETIONS, channel.eventLoop(), HeaderLines.NONE);

  /** Writes down what it is told, and may answer at once or later. */
  private static final class Listener implements AnswerReceiver, BodySink {
    private final StringBuilder told = new StringBuilder();
    private final StringBuilder body = new StringBuilder();
    private @Nullable Answer answer;
    private @Nullable Outcome outcome;
    private boolean late;
    private boolean chunked;

    @Override
    public void answered(Answer from) {
      told.append("answered ").append(from.head().status()).append(' ');
      answer = from;
      if (!late) {
        from.attach(this, chunked);
      }
    }

    void attach() {
      Objects.requireNonNull(answer).attach(this, chunked);
    }

    @Override
    public void failed(Outcome how) {
      told.append("failed ");
      outcome = how;
    }

    @Override
    public void bytes(ByteBuf part) {
      body.append(part.toString(ISO_8859_1));
      part.release();
    }

    @Override
    public void flush() {
      // Nothing is held back.
    }

    @Override
    public void end() {
      told.append("end ");
    }

    @Override
    public void broken(Outcome how) {
      told.append("broken ");
      outcome = how;
    }
  }

  @BeforeEach
  void connect() {
    backend.onClose((lease, outcome) -> closes.add(outcome));
    ConnectionPool pool = target.pool(channel.eventLoop());
    Connection connection = new Connection(channel, pool, target, clock::get);
    channel.pipeline().addLast(connection);
    connection.release();
    send();
  }

  private void send() {
    call.lease(Objects.requireNonNull(Lease.open(backend, "llama", clock::get)));
    client.send(target, call, listener);
    assertThat(sent()).startsWith("POST /v1/chat").endsWith("\r\n\r\n" + Calls.BODY);
  }

  private String sent() {
    StringBuilder text = new StringBuilder();
    ByteBuf part;
    while ((part = channel.readOutbound()) != null) {
      text.append(part.toString(ISO_8859_1));
      part.release();
    }
    return text.toString();
  }

  private void receive(String text) {
    channel.writeInbound(Unpooled.copiedBuffer(text, ISO_8859_1));
  }

  private void pass(long millis) {
    clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
  }

  private boolean reusable() {
    return target.pool(channel.eventLoop()).take() != null && channel.isActive();
  }

  @AfterEach
  void everyLeaseAndBuffer_isReturned() {
    call.end(new Outcome.Refused("the test is over"));
    channel.finishAndReleaseAll();
    assertThat(backend.inflight()).isZero();
    assertThat(closes).hasSize(call.attempts());
    calls.release();
  }

  // ---- whole answers

  @Test
  void read_countedBody_isRelayedAndTheConnectionKept() {
    receive(OK + "content-length: 5\r\n\r\nhello");
    assertThat(listener.told).hasToString("answered 200 end ");
    assertThat(listener.body).hasToString("hello");
    assertThat(closes).containsExactly(new Outcome.Completed(200));
    assertThat(reusable()).isTrue();
  }

  @Test
  void read_byteByByte_isTheSame() {
    String all = OK + "a: b\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    all.chars().forEach(c -> receive(String.valueOf((char) c)));
    assertThat(listener.told).hasToString("answered 200 end ");
    assertThat(listener.body).hasToString("hello");
    assertThat(reusable()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"204 x\r\n\r\n", "304 x\r\n\r\n", "200 x\r\ncontent-length: 0\r\n\r\n"})
  void read_noBody_endsAtTheHead(String rest) {
    receive("HTTP/1.1 " + rest);
    assertThat(listener.told).hasToString("answered " + rest.substring(0, 3) + " end ");
    assertThat(reusable()).isTrue();
  }

  @Test
  void read_untilClose_endsThere() {
    listener.chunked = true;
    receive(OK + "\r\nhel");
    receive("lo");
    channel.close();
    assertThat(listener.told).hasToString("answered 200 end ");
    assertThat(listener.body).hasToString("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
  }

  @Test
  void read_connectionClose_isNotKept() {
    receive(OK + "connection: close\r\ncontent-length: 2\r\n\r\nok");
    assertThat(listener.told).hasToString("answered 200 end ");
    assertThat(channel.isActive()).isFalse();
  }

  @Test
  void read_500_isRelayedAndHeldAgainstTheServer() {
    receive("HTTP/1.1 500 x\r\ncontent-length: 2\r\n\r\nno");
    assertThat(listener.told).hasToString("answered 500 end ");
    assertThat(closes).singleElement().isInstanceOf(Outcome.FailedBefore.class);
  }

  // ---- bytes that nobody asked for (response desync)

  @Test
  void read_surplusBehindTheBody_closesTheConnection() {
    receive(OK + "content-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n");
    assertThat(listener.told).hasToString("answered 200 end ");
    assertThat(listener.body).hasToString("ok");
    assertThat(channel.isActive()).isFalse();
  }

  @Test
  void read_bytesWhileIdle_closeTheConnection() {
    receive(OK + "content-length: 2\r\n\r\nok");
    receive("HTTP/1.1 408 Request Timeout\r\n\r\n");
    assertThat(channel.isActive()).isFalse();
    assertThat(target.pool(channel.eventLoop()).take()).isNull();
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 402, 403, 429, 502, 503, 504})
  void read_refusalWithSurplus_failsAndReleasesIt(int status) {
    ByteBuf bytes =
        Unpooled.copiedBuffer(
            "HTTP/1.1 " + status + " x\r\ncontent-length: 2\r\n\r\nno+", ISO_8859_1);
    channel.writeInbound(bytes);
    assertThat(bytes.refCnt()).isZero();
    assertThat(listener.told).hasToString("failed ");
    assertThat(channel.isActive()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 402, 403})
  void read_credentialsRefused_isNoAnswerForTheClient(int status) {
    receive("HTTP/1.1 " + status + " x\r\ncontent-length: 2\r\n\r\nno");
    assertThat(listener.told).hasToString("failed ");
    assertThat(listener.outcome)
        .isEqualTo(new Outcome.FailedBefore(Cause.CREDENTIALS, "status " + status));
    assertThat(closes).containsExactly(listener.outcome);
    assertThat(reusable()).isTrue();
  }

  @Test
  void read_unavailableForAWhile_saysHowLong() {
    receive("HTTP/1.1 503 x\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n");
    assertThat(listener.outcome)
        .isEqualTo(new Outcome.FailedBefore(Cause.STATUS, "status 503", 7_000));
  }

  @Test
  void read_busyServerWithItsWholeBody_keepsTheConnection() {
    ByteBuf bytes =
        Unpooled.copiedBuffer(
            "HTTP/1.1 429 x\r\nretry-after: 2\r\ncontent-length: 2\r\n\r\nno", ISO_8859_1);
    channel.writeInbound(bytes);
    assertThat(bytes.refCnt()).isZero();
    assertThat(listener.outcome).isEqualTo(new Outcome.Throttled(429, 2000));
    assertThat(reusable()).isTrue();
  }

  // ---- hostile heads

  @Test
  void read_someInterimHeads_areSkipped() {
    receive("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n");
    receive(OK + "content-length: 2\r\n\r\nok");
    assertThat(listener.told).hasToString("answered 200 end ");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void read_floodOfInterimHeads_isRefused(boolean atOnce) {
    String one = "HTTP/1.1 100 Continue\r\n\r\n";
    if (atOnce) {
      receive(one.repeat(10_000));
    } else {
      for (int i = 0; i < 17; i++) {
        receive(one);
      }
    }
    assertThat(listener.told).hasToString("failed ");
    assertThat(channel.isActive()).isFalse();
  }

  /** Buffers wrapped into buffers at every read would overflow the stack. */
  @Test
  void read_headThatTrickles_isReadOrRefused() {
    receive(OK);
    for (int i = 0; i < 30_000; i++) {
      receive(i % 100 == 99 ? "\r\nb: " : "a: b".substring(i % 4, i % 4 + 1));
      if (i == 0) {
        receive(": ");
      }
    }
    receive("x".repeat(64 * 1024));
    assertThat(listener.told).hasToString("failed ");
    assertThat(Objects.requireNonNull(listener.outcome).detail()).contains("head of more than");
    assertThat(channel.isActive()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 101 x\r\n\r\n",
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"
      })
  void read_badHead_failsBeforeTheFirstByte(String head) {
    ByteBuf bytes = Unpooled.copiedBuffer(head, ISO_8859_1);
    channel.writeInbound(bytes);
    assertThat(bytes.refCnt()).isZero();
    assertThat(listener.told).hasToString("failed ");
    assertThat(channel.isActive()).isFalse();
  }

  @Test
  void read_badChunkLater_breaks() {
    receive(OK + "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n");
    receive("zz\r\n");
    assertThat(listener.told).hasToString("answered 200 broken ");
    assertThat(listener.outcome).isInstanceOf(Outcome.FailedAfter.class);
    assertThat(channel.isActive()).isFalse();
  }

  // ---- deadlines

  @Test
  void deadline_noFirstByte_fails() {
    receive(OK + "content-length: 5\r\n\r\n"); // a head alone is no first byte
    pass(999);
    assertThat(listener.told).isEmpty();
    pass(1);
    assertThat(listener.told).hasToString("failed ");
    assertThat(listener.outcome)
        .isEqualTo(new Outcome.FailedBefore(Cause.FIRST_BYTE_TIMEOUT, "no first token in 1000 ms"));
    assertThat(channel.isActive()).isFalse();
  }

  @Test
  void deadline_silenceFromTheStart_closesTheIdleConnectionsToo() {
    EmbeddedChannel other = new EmbeddedChannel();
    ConnectionPool pool = target.pool(channel.eventLoop());
    pool.giveBack(new Connection(other, pool, target, clock::get));
    pass(999);
    assertThat(other.isActive()).isTrue();
    pass(1);
    assertThat(other.isActive()).as("its far end may be gone as well").isFalse();
    assertThat(pool.take()).isNull();
  }

  @Test
  void deadline_silenceInsideTheBody_breaks() {
    receive(OK + "content-length: 5\r\n\r\nhe");
    pass(400);
    receive("l");
    pass(499);
    assertThat(listener.told).hasToString("answered 200 ");
    pass(1);
    pass(600);
    assertThat(listener.told).hasToString("answered 200 broken ");
    assertThat(((Outcome.FailedAfter) closes.get(0)).cause()).isEqualTo(Cause.IDLE_TIMEOUT);
  }

  @Test
  void deadline_pausedByTheClient_doesNotCountAsSilence() {
    receive(OK + "content-length: 5\r\n\r\nhe");
    Objects.requireNonNull(listener.answer).pause(true);
    for (int i = 0; i < 8; i++) {
      pass(500);
    }
    assertThat(listener.told).hasToString("answered 200 ");
    Objects.requireNonNull(listener.answer).pause(false);
    receive("llo");
    assertThat(listener.told).hasToString("answered 200 end ");
  }

  @Test
  void deadline_total_endsEvenAStreamThatFlows() {
    receive(OK + "content-length: 500\r\n\r\n");
    for (int i = 0; i < 13; i++) {
      receive("x");
      pass(400);
    }
    assertThat(listener.told).hasToString("answered 200 broken ");
    assertThat(((Outcome.FailedAfter) closes.get(0)).cause()).isEqualTo(Cause.TOTAL_TIMEOUT);
  }

  @Test
  void deadline_idleConnection_isClosedAfterItsKeepAlive() {
    receive(OK + "content-length: 2\r\n\r\nok");
    pass(1_999);
    assertThat(channel.isActive()).isTrue();
    pass(1);
    assertThat(channel.isActive()).isFalse();
    assertThat(target.pool(channel.eventLoop()).take()).isNull();
  }

  // ---- ends

  @Test
  void abort_waitingForTheHead_tellsOnce() {
    call.abandon();
    call.abandon();
    assertThat(listener.told).hasToString("failed ");
    assertThat(closes).containsExactly(new Outcome.ClientGone(false));
    assertThat(channel.isActive()).isFalse();
  }

  @Test
  void abort_partOfAHead_releasesIt() {
    ByteBuf part = Unpooled.copiedBuffer(OK, ISO_8859_1);
    channel.writeInbound(part);
    call.abandon();
    assertThat(part.refCnt()).isZero();
    assertThat(listener.told).hasToString("failed ");
  }

  @Test
  void abort_flowing_tellsNobodyAndCloses() {
    receive(OK + "content-length: 5\r\n\r\nhe");
    call.abandon();
    assertThat(listener.told).hasToString("answered 200 ");
    assertThat(closes).containsExactly(new Outcome.ClientGone(true));
    assertThat(channel.isActive()).isFalse();
  }

  @Test
  void abort_nobodyAttachedYet_releasesWhatCame() {
    listener.late = true;
    ByteBuf bytes = Unpooled.copiedBuffer(OK + "content-length: 5\r\n\r\nhe", ISO_8859_1);
    channel.writeInbound(bytes);
    call.abandon();
    listener.attach();
    assertThat(bytes.refCnt()).isZero();
    assertThat(listener.told).hasToString("answered 200 ");
    assertThat(closes).containsExactly(new Outcome.ClientGone(true));
  }

  @Test
  void abort_afterTheEnd_changesNothing() {
    receive(OK + "content-length: 2\r\n\r\nok");
    call.abandon();
    assertThat(listener.told).hasToString("answered 200 end ");
    assertThat(closes).containsExactly(new Outcome.Completed(200));
    assertThat(reusable()).isTrue();
  }

  @Test
  void closed_insideTheBody_breaks() {
    receive(OK + "content-length: 5\r\n\r\nhe");
    channel.close();
    assertThat(listener.told).hasToString("answered 200 broken ");
    assertThat(((Outcome.FailedAfter) closes.get(0)).cause()).isEqualTo(Cause.RESET);
  }

  @Test
  void closed_insideTheHead_fails() {
    receive("HTTP/1.1 20");
    channel.close();
    assertThat(listener.told).hasToString("failed ");
    assertThat(((Outcome.FailedBefore) closes.get(0)).cause()).isEqualTo(Cause.RESET);
  }

  @Test
  void attach_late_getsEverything() {
    listener.late = true;
    receive(OK + "content-length: 5\r\n\r\nhe");
    assertThat(channel.config().isAutoRead()).isFalse();
    receive("llo");
    listener.attach();
    assertThat(listener.told).hasToString("answered 200 end ");
    assertThat(listener.body).hasToString("hello");
    assertThat(reusable()).isTrue();
    assertThat(channel.config().isAutoRead()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "content-length: 5\r\n", "content-length: 5\r\nconnection: close\r\n"})
  void attach_afterTheServerHasClosed_stillGetsTheWholeAnswer(String lines) {
    listener.late = true;
    receive(OK + lines + "\r\nhello");
    channel.close();
    listener.attach();
    assertThat(listener.told).hasToString("answered 200 end ");
    assertThat(listener.body).hasToString("hello");
    assertThat(closes).containsExactly(new Outcome.Completed(200));
  }

  @Test
  void attach_afterTheServerHasBrokenOff_isTold() {
    listener.late = true;
    receive(OK + "content-length: 5\r\n\r\nhe");
    channel.close();
    listener.attach();
    assertThat(listener.told).hasToString("answered 200 broken ");
    assertThat(closes).singleElement().isInstanceOf(Outcome.FailedAfter.class);
  }

  @Test
  void attach_afterItsTimeWasOver_isTold() {
    listener.late = true;
    receive(OK + "content-length: 5\r\n\r\nhe");
    pass(500);
    pass(500);
    pass(5_000);
    listener.attach();
    assertThat(listener.told).hasToString("answered 200 broken ");
    assertThat(closes).hasSize(1);
  }

  @Test
  void exception_inTheGateway_isNotTheServersReset() {
    receive(OK + "content-length: 5\r\n\r\nhe");
    channel.pipeline().fireExceptionCaught(new IllegalStateException("a bug"));
    assertThat(listener.told).hasToString("answered 200 broken ");
    assertThat(((Outcome.FailedAfter) closes.get(0)).cause()).isEqualTo(Cause.GATEWAY);
    assertThat(channel.isActive()).isFalse();
  }

  @Test
  void retire_idle_closes() {
    receive(OK + "content-length: 2\r\n\r\nok");
    target.retire();
    channel.runPendingTasks();
    assertThat(channel.isActive()).isFalse();
  }

  @Test
  void retire_busy_closesWhenDone() {
    target.retire();
    channel.runPendingTasks();
    assertThat(channel.isActive()).isTrue();
    receive(OK + "content-length: 2\r\n\r\nok");
    assertThat(listener.told).hasToString("answered 200 end ");
    assertThat(channel.isActive()).isFalse();
  }

  @Test
  void lease_secondWhileOneIsOpen_isRefusedAndGivenBack() {
    Lease second = Objects.requireNonNull(Lease.open(backend, "llama", clock::get));
    assertThatThrownBy(() -> call.lease(second)).isInstanceOf(IllegalStateException.class);
    assertThat(second.closed()).isTrue();
    assertThat(backend.inflight()).isEqualTo(1);
    closes.clear();
  }

  @Test
  void end_whileAnAttemptRuns_letsNoOtherStart() {
    call.end(new Outcome.Refused("answered elsewhere"));
    assertThat(call.abandoned()).isTrue();
    assertThat(listener.told).hasToString("failed ");
    assertThat(closes).hasSize(1);
  }

  @Test
  void send_keptConnection_carriesTheNextCall() {
    receive(OK + "content-length: 2\r\n\r\nok");
    Call first = call;
    call = calls.call(Api.CHAT_COMPLETIONS, channel.eventLoop(), HeaderLines.NONE);
    send();
    receive(OK + "content-length: 3\r\n\r\ntwo");
    assertThat(listener.told).hasToString("answered 200 end answered 200 end ");
    assertThat(listener.body).hasToString("oktwo");
    assertThat(first.attempts() + call.attempts()).isEqualTo(2);
    closes.remove(0);
  }
}
