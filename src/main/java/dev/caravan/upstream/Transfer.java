package dev.caravan.upstream;

import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Timeouts;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.time.Ticker;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way to one server and its answer on the way back: one {@link Attempt}. It
 * closes the call's lease, whichever way it ends. Lives on the call's event loop.
 */
final class Transfer implements Attempt, Answer, BodyFramer.Output {
  /**
   * A connection that was idle and ends so soon after it was taken was being closed as we took it;
   * later, the server has had the request. A round trip within a continent, with room.
   */
  private static final long STALE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private enum State {
    CONNECTING,
    HEAD,
    FIRST_BYTE,
    FLOWING,
    DONE
  }

  private final UpstreamClient client;
  private final Target target;
  private final Call call;
  private final @Nullable Lease lease;
  private final AnswerReceiver receiver;
  private final Ticker ticker;
  private final HeadReader headReader;
  private final AnswerNotes notes;
  private final long startNanos;
  private final Timeouts limits;

  private State state = State.CONNECTING;
  private @Nullable Connection connection;
  private boolean reused;
  private boolean readAnything;
  private @Nullable ByteBuf unread;

  /** How the connection ended while nobody had attached to the answer yet; null where it stands. */
  private @Nullable String endedUnread;

  /** How the answer ended in that time. */
  private @Nullable Outcome ended;

  private @Nullable ResponseHead head;
  private @Nullable BodyFramer framer;
  private @Nullable BodySink sink;
  private boolean paused;
  private boolean dirty;
  private long lastReadNanos;

  Transfer(
      UpstreamClient client, Target target, Call call, AnswerReceiver receiver, Ticker ticker) {
    this.client = client;
    this.headReader = new HeadReader(client.clock());
    this.target = target;
    this.call = call;
    this.lease = call.lease();
    this.notes = new AnswerNotes(call);
    this.receiver = receiver;
    this.ticker = ticker;
    this.startNanos = ticker.nanos();
    this.limits = call.limits().over(target.timeouts(call.policy()));
  }

  Target target() {
    return target;
  }

  Timeouts limits() {
    return limits;
  }

  Call call() {
    return call;
  }

  boolean done() {
    return state == State.DONE;
  }

  /** Sends on a connection that is ready. */
  void send(Connection on, boolean wasIdle) {
    if (state == State.DONE) {
      on.release();
      return;
    }
    connection = on;
    reused = wasIdle;
    readAnything = false;
    state = State.HEAD;
    on.carry(this);
    ByteBuf body = call.request().bodyFor(target.modelFor(call.pool()), call.asksForUsage());
    Channel channel = on.channel();
    int length = body.readableBytes();
    boolean together = length <= Chunks.SMALL_BYTES;
    ByteBuf requestHead = channel.alloc().buffer(together ? 512 + length : 512);
    target.writeHead(requestHead, call, length);
    if (together) {
      requestHead.writeBytes(body);
      body.release();
      channel.writeAndFlush(requestHead, channel.voidPromise());
    } else {
      channel.write(requestHead, channel.voidPromise());
      channel.writeAndFlush(body, channel.voidPromise());
    }
    on.watch(nextDeadline());
  }

  /** No connection came about. */
  void unconnected(Cause cause, String why) {
    if (state != State.DONE) {
      // A connection that the client left too little time for says nothing of the server.
      Cause late = passed(ticker.nanos());
      fail(late != null ? late : cause, why);
    }
  }

  private long nextDeadline() {
    return Limits.nextNanos(limits, startNanos, state == State.FLOWING, lastReadNanos);
  }

  void checkDeadlines() {
    long now = ticker.nanos();
    if (paused && state == State.FLOWING) {
      // The silence is the client's doing, and the client's side watches it.
      lastReadNanos = now;
    }
    Cause passed = passed(now);
    if (passed == null) {
      rewatch();
    } else {
      timeOut(passed, Limits.detail(passed, limits));
    }
  }

  private @Nullable Cause passed(long now) {
    Timeouts own = target.timeouts(call.policy());
    return Limits.passed(limits, own, startNanos, state == State.FLOWING, lastReadNanos, now);
  }

  private void rewatch() {
    Connection carrying = connection;
    if (carrying != null) {
      carrying.watch(nextDeadline());
    }
  }

  @Override
  public void timeOut(Cause cause, String detail) {
    if (!done()) {
      closeConnection();
      if (!readAnything) {
        // Perhaps the whole machine is gone, and with it the far ends of the idle connections:
        // each would cost its request as long again.
        target.pool(call.loop()).closeIdle();
      }
      fail(cause, detail);
    }
  }

  // ---- reading

  void read(ByteBuf bytes) {
    readAnything = true;
    long now = ticker.nanos();
    if (state == State.FLOWING && lease != null) {
      lease.progress(now - lastReadNanos);
    }
    lastReadNanos = now;
    ByteBuf before = unread;
    Connection carrying = connection;
    if (before != null && carrying != null) {
      unread = null;
      // One buffer that grows: buffers wrapped into each other at every read would nest without
      // end.
      bytes =
          ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(carrying.channel().alloc(), before, bytes);
    }
    try {
      if (state == State.HEAD) {
        readHead(bytes);
      } else if (state == State.FIRST_BYTE) {
        commit(bytes);
      } else if (sink == null) {
        unread = bytes;
      } else {
        flow(bytes);
      }
    } catch (BadResponse e) {
      bytes.release();
      closeConnection();
      fail(Cause.BAD_RESPONSE, e.getMessage());
    }
  }

  private void readHead(ByteBuf bytes) throws BadResponse {
    ResponseHead parsed = headReader.read(bytes);
    if (parsed == null) {
      unread = bytes;
      return;
    }
    head = parsed;
    framer =
        parsed.endsAtClose()
            ? PlainBody.untilClose()
            : parsed.chunked() && !parsed.bodiless()
                ? new ChunkedBody()
                : PlainBody.ofLength(parsed.contentLength());
    state = State.FIRST_BYTE;
    Outcome refused = Elsewhere.outcome(parsed, target.forwardsCredentials());
    if (refused != null) {
      refuse(parsed, refused, bytes);
    } else if (bytes.isReadable() || parsed.contentLength() == 0) {
      commit(bytes);
    } else {
      bytes.release();
    }
  }

  private void refuse(ResponseHead parsed, Outcome refused, ByteBuf bytes) {
    // The body is of no use. Where all of it is here, the connection can be kept.
    BodyFramer body = framer;
    boolean whole = false;
    try {
      if (body != null && body.feed(bytes, Discard.OUTPUT)) {
        whole = !bytes.isReadable();
        bytes.release();
      }
    } catch (BadResponse e) {
      bytes.release();
    }
    if (whole && parsed.keepAlive()) {
      releaseConnection();
    } else {
      closeConnection();
    }
    end(refused);
  }

  private void commit(ByteBuf bytes) throws BadResponse {
    state = State.FLOWING;
    rewatch(); // the silence allowed from now on may end before that before the first byte
    if (lease != null) {
      lease.firstByte(head != null && head.status() < 400);
    }
    unread = bytes;
    receiver.answered(this);
    if (sink == null && !done()) {
      pause(true);
    }
  }

  private void flow(ByteBuf bytes) throws BadResponse {
    BodyFramer body = framer;
    if (body == null || !body.feed(bytes, this)) {
      return;
    }
    boolean surplus = bytes.isReadable();
    bytes.release();
    complete(surplus);
  }

  private void complete(boolean surplus) {
    ResponseHead answered = head;
    BodySink to = sink;
    if (answered == null || to == null) {
      return;
    }
    state = State.DONE;
    if (surplus || !answered.keepAlive() || answered.endsAtClose()) {
      closeConnection();
    } else {
      releaseConnection();
    }
    try {
      close(
          answered.status() >= 500
              ? new Outcome.FailedBefore(Cause.STATUS, "status " + answered.status())
              : new Outcome.Completed(answered.status()));
    } finally {
      // Whatever those who learn from it make of it, the client gets its end.
      to.end();
    }
  }

  private void close(Outcome how) {
    if (head != null) {
      notes.over(lease, head);
    }
    if (lease != null) {
      lease.close(how);
    }
  }

  @Override
  public void pass(ByteBuf part) {
    BodySink to = sink;
    if (to == null) {
      part.release();
      return;
    }
    dirty = true;
    to.bytes(part);
  }

  @Override
  public void payload(ByteBuf in, int index, int length) {
    notes.scan(in, index, length, lease);
  }

  void readComplete() {
    BodySink to = sink;
    if (dirty && to != null && !done()) {
      dirty = false;
      to.flush();
    }
  }

  // ---- the answer, as its receiver sees it

  @Override
  public ResponseHead head() {
    if (head == null) {
      throw new IllegalStateException("no head yet");
    }
    return head;
  }

  @Override
  public void attach(BodySink to, boolean chunked) {
    Outcome before = ended;
    if (before != null) {
      to.broken(before);
    }
    if (done()) {
      return;
    }
    BodySink next = notes.before(to, head(), chunked);
    sink = next;
    if (framer != null) {
      framer.chunkedOut(chunked && next == to);
    }
    if (paused) {
      pause(false);
    }
    ByteBuf first = unread;
    unread = null;
    if (first != null) {
      try {
        flow(first);
        readComplete();
      } catch (BadResponse e) {
        first.release();
        closeConnection();
        fail(Cause.BAD_RESPONSE, e.getMessage());
      }
    }
    String how = endedUnread;
    if (how != null && !done()) {
      closed(how);
    }
  }

  @Override
  public void pause(boolean now) {
    paused = now;
    Connection carrying = connection;
    if (carrying != null) {
      carrying.channel().config().setAutoRead(!now);
    }
  }

  // ---- ends

  /** The connection is gone. */
  void closed(String how) {
    if (done()) {
      return;
    }
    connection = null;
    if (reused && !readAnything && !call.abandoned() && ticker.nanos() - startNanos < STALE_NANOS) {
      // The server closed an idle connection as we took it: nothing reached it. Once, on a new
      // one, without counting it as an attempt.
      state = State.CONNECTING;
      client.connect(this);
      return;
    }
    if (state == State.FLOWING && sink == null) {
      // Perhaps all of the answer is here already: that shows once somebody reads it.
      endedUnread = how;
      return;
    }
    BodyFramer body = framer;
    if (state == State.FLOWING && body != null && body.endsAtClose() && sink != null) {
      if (body.chunkedOut) {
        sink.bytes(Chunks.last());
      }
      complete(false);
      return;
    }
    fail(Cause.RESET, how);
  }

  /** The gateway itself failed while it handled the connection, which is closed. */
  void crashed(Throwable how) {
    connection = null;
    fail(Cause.GATEWAY, String.valueOf(how));
  }

  private void fail(Cause cause, String detail) {
    end(
        state == State.FLOWING
            ? new Outcome.FailedAfter(cause, detail)
            : new Outcome.FailedBefore(cause, detail));
  }

  /** Ends without a whole answer and tells whoever waits. */
  private void end(Outcome how) {
    if (done()) {
      return;
    }
    boolean committed = state == State.FLOWING;
    state = State.DONE;
    dropUnread();
    close(how);
    BodySink to = sink;
    if (!committed) {
      receiver.failed(how);
    } else if (to != null) {
      to.broken(how);
    } else {
      ended = how;
    }
  }

  @Override
  public void abort(@Nullable Outcome why) {
    if (done()) {
      return;
    }
    boolean committed = state == State.FLOWING;
    state = State.DONE;
    dropUnread();
    closeConnection();
    Outcome how = why != null ? why : new Outcome.ClientGone(committed);
    close(how);
    if (!committed) {
      receiver.failed(how);
    }
  }

  private void dropUnread() {
    notes.drop();
    ByteBuf kept = unread;
    if (kept != null) {
      unread = null;
      kept.release();
    }
  }

  private void releaseConnection() {
    Connection carrying = connection;
    connection = null;
    if (carrying != null) {
      carrying.release();
    }
  }

  private void closeConnection() {
    Connection carrying = connection;
    connection = null;
    if (carrying != null) {
      carrying.close();
    }
  }
}
