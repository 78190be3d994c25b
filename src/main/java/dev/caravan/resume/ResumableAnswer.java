package dev.caravan.resume;

import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.resume.Resumer.Result;
import dev.caravan.upstream.Answer;
import dev.caravan.upstream.AnswerReceiver;
import dev.caravan.upstream.BodySink;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.Chunks;
import dev.caravan.upstream.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A streamed answer that goes on from another server when its own dies. Passes whole events on, as
 * they came while the first server lives, and remembers what the client was told; see {@code
 * docs/resume.md}. Lives on the call's event loop.
 */
public final class ResumableAnswer implements Answer, BodySink {
  /*
   * States
   *
   *   FOLLOWING   events are read and passed on
   *      |  \____ an event that rules resumption out, from the first server ____> PASSING
   *      |
   *      |  broken, and there is a way to go on
   *      v
   *   WAITING     another server is sought; the client waits
   *      |  \____ none, or it answers something else __________________________> ENDED
   *      v
   *   FOLLOWING   its events are rewritten
   *
   * PASSING and FOLLOWING end as their server does.
   */

  /** How often one answer may be resumed; chosen without experiment. */
  static final int MAX_RESUMPTIONS = 2;

  /** The longest event that is waited for, in bytes; chosen without experiment. */
  static final int MAX_EVENT = 1 << 20;

  private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

  private enum State {
    FOLLOWING,
    PASSING,
    WAITING,
    ENDED
  }

  private final Answer first;
  private final Call call;
  private final Resumer resumer;
  private final Transcript told = new Transcript();
  private final EventReader events = new EventReader();
  private final StreamedChunk chunk = new StreamedChunk();
  private final ByteArrayOutputStream rewritten = new ByteArrayOutputStream(0);

  private State state = State.FOLLOWING;
  private Answer current;
  private @Nullable BodySink client;
  private boolean chunked;
  private boolean paused;
  private @Nullable Stitch stitch;
  private ByteBufAllocator alloc = ByteBufAllocator.DEFAULT;
  private int resumptions;

  private ResumableAnswer(Answer first, Call call, Resumer resumer) {
    this.first = first;
    this.current = first;
    this.call = call;
    this.resumer = resumer;
  }

  /** The answer made resumable, or itself where it is none that ever could be. */
  public static Answer of(Answer answer, Call call, Resumer resumer) {
    return call.request().stream() && streamed(answer.head())
        ? new ResumableAnswer(answer, call, resumer)
        : answer;
  }

  private static boolean streamed(ResponseHead head) {
    // A length that was promised could not be kept.
    return head.status() == 200 && head.eventStream() && head.contentLength() < 0;
  }

  @Override
  public ResponseHead head() {
    return first.head();
  }

  @Override
  public void attach(BodySink sink, boolean inChunks) {
    client = sink;
    chunked = inChunks;
    current.attach(this, false);
  }

  @Override
  public void pause(boolean now) {
    paused = now;
    if (state != State.WAITING) {
      current.pause(now);
    }
  }

  private BodySink client() {
    return Objects.requireNonNull(client);
  }

  // ---- what the server sends

  @Override
  public void bytes(ByteBuf part) {
    if (state == State.PASSING) {
      pass(part);
      return;
    }
    if (state == State.FOLLOWING) {
      alloc = part.alloc();
      events.append(part);
    }
    part.release();
  }

  @Override
  public void flush() {
    if (state == State.FOLLOWING) {
      follow();
    }
    if (state != State.ENDED) {
      client().flush();
    }
  }

  @Override
  public void end() {
    if (state == State.FOLLOWING) {
      follow();
    }
    if (state == State.FOLLOWING || state == State.PASSING) {
      passTail();
      finish();
    }
  }

  @Override
  public void broken(Outcome how) {
    if (state == State.FOLLOWING) {
      follow();
    }
    if (state == State.PASSING) {
      passTail();
      conclude(Result.REFUSED, how, String.valueOf(told.obstacle));
    } else if (state == State.FOLLOWING) {
      goOn(how);
    }
  }

  /** Passes on the whole events that are here. */
  private void follow() {
    Stitch rewriting = stitch;
    try {
      if (rewriting == null) {
        followFirst();
      } else {
        followStitched(rewriting);
      }
    } catch (IOException e) {
      giveUp("an event could not be rewritten");
    }
    if (state == State.FOLLOWING && events.length() > MAX_EVENT) {
      ruleOut("an event is longer than " + MAX_EVENT + " bytes");
    }
  }

  private void followFirst() {
    while (told.obstacle == null && events.next()) {
      note();
    }
    pass(events.bytes(), events.end());
    events.discardRead();
    if (told.obstacle != null) {
      ruleOut(told.obstacle);
    }
  }

  /** Reads the current event; false where it is no part of the answer's text. */
  private boolean read() {
    if (events.dataLength() < 0) {
      return false;
    }
    if (isDone()) {
      told.done = true;
      return false;
    }
    chunk.read(events.data(), events.dataFrom(), events.dataLength(), told.wantsIdentity());
    return true;
  }

  private void note() {
    told.anything = true;
    if (read()) {
      told.note(chunk, chunk.content);
    }
  }

  private boolean isDone() {
    byte[] data = events.data();
    int from = events.dataFrom();
    int length = events.dataLength();
    while (length > 0 && data[from + length - 1] == ' ') {
      length--;
    }
    return java.util.Arrays.equals(data, from, from + length, DONE, 0, DONE.length);
  }

  private void followStitched(Stitch rewriting) throws IOException {
    rewritten.reset();
    while (state == State.FOLLOWING && events.next()) {
      if (!read()) {
        rewritten.write(events.bytes(), events.start(), events.end() - events.start());
        continue;
      }
      if (chunk.obstacle != null) {
        pass(rewritten.toByteArray(), rewritten.size());
        giveUp(chunk.obstacle);
        return;
      }
      CharSequence fresh = rewriting.fresh(chunk);
      boolean roleTold = told.role;
      boolean empty = rewriting.empty(chunk);
      told.note(chunk, fresh);
      if (!empty) {
        rewriting.write(
            events.data(), events.dataFrom(), events.dataLength(), roleTold, rewritten);
      }
    }
    pass(rewritten.toByteArray(), rewritten.size());
    events.discardRead();
  }

  /** This answer will not be resumed: the bytes pass as they come from now on. */
  private void ruleOut(String why) {
    if (stitch != null) {
      giveUp(why);
      return;
    }
    told.obstacle = why;
    state = State.PASSING;
    passTail();
  }

  /** The second server says what cannot stand in the first one's answer. */
  private void giveUp(String why) {
    tell(new Outcome.FailedAfter(Cause.BAD_RESPONSE, "cannot go on with an answer: " + why));
  }

  // ---- to the client

  private void pass(byte[] from, int length) {
    if (length == 0) {
      return;
    }
    ByteBuf out = alloc.buffer(length + 16);
    if (chunked) {
      Chunks.write(out, from, 0, length);
    } else {
      out.writeBytes(from, 0, length);
    }
    client().bytes(out);
  }

  private void pass(ByteBuf part) {
    if (chunked) {
      Chunks.frame(part, client()::bytes);
    } else {
      client().bytes(part);
    }
  }

  /** What is no whole event. */
  private void passTail() {
    events.discardRead();
    pass(events.bytes(), events.length());
    events.reset();
  }

  private void say(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    pass(bytes, bytes.length);
  }

  private void finish() {
    state = State.ENDED;
    if (chunked) {
      client().bytes(Chunks.last());
    }
    client().end();
  }

  /** The client learns that the answer is not complete. */
  private void tell(Outcome how) {
    state = State.ENDED;
    client().broken(how);
  }

  private void conclude(Result result, Outcome how, String detail) {
    resumer.concluded(result, how, detail);
    tell(how);
  }

  // ---- going on

  private static boolean ofTheServer(Outcome how) {
    return how instanceof Outcome.FailedAfter failed
        && switch (failed.cause()) {
          case RESET, IDLE_TIMEOUT, BAD_RESPONSE, STATUS -> true;
          default -> false;
        };
  }

  private void goOn(Outcome how) {
    // Half an event is not for the client: it is said again.
    events.reset();
    if (call.abandoned()) {
      state = State.ENDED;
      return;
    }
    if (!ofTheServer(how)) {
      conclude(Result.REFUSED, how, "the server is not at fault");
      return;
    }
    if (told.done) {
      resumer.concluded(Result.FINISHED, how, "only the end of the body was missing");
      finish();
      return;
    }
    if (told.finished) {
      addEnd(how);
      return;
    }
    if (resumptions == MAX_RESUMPTIONS) {
      conclude(Result.REFUSED, how, "it was resumed " + MAX_RESUMPTIONS + " times already");
      return;
    }
    Continuation plan = Continuation.plan(call.original(), told);
    if (plan instanceof Continuation.Ask ask) {
      ask(ask, how);
    } else if (plan instanceof Continuation.Refused refused) {
      conclude(Result.REFUSED, how, refused.why());
    } else {
      addLength(how);
    }
  }

  /** The model has said that it is done; what follows is known. */
  private void addEnd(Outcome how) {
    if (call.request().includeUsage() && !told.usage) {
      conclude(Result.REFUSED, how, "the usage that was asked for is missing");
      return;
    }
    say("data: [DONE]\n\n");
    resumer.concluded(Result.FINISHED, how, "only its end was missing");
    finish();
  }

  /** All the tokens that the client allowed are there. */
  private void addLength(Outcome how) {
    if (call.request().includeUsage()) {
      conclude(Result.REFUSED, how, "the usage that was asked for is missing");
      return;
    }
    say(Ending.length(call.request().api(), told));
    addEnd(how);
  }

  private void ask(Continuation.Ask ask, Outcome how) {
    resumptions++;
    state = State.WAITING;
    call.resumed();
    resumer.resume(
        ask.request(),
        new AnswerReceiver() {
          @Override
          public void answered(Answer answer) {
            if (state == State.WAITING && !call.abandoned()) {
              goOn(answer, ask, how);
            }
          }

          @Override
          public void failed(Outcome outcome) {
            if (state == State.WAITING && !call.abandoned()) {
              conclude(Result.FAILED, how, "no other server could: " + outcome.detail());
            }
          }
        });
  }

  private void goOn(Answer answer, Continuation.Ask ask, Outcome how) {
    ResponseHead head = answer.head();
    if (head.status() != 200 || !head.eventStream()) {
      // A 4xx is a server that cannot take a prefill. Its body is of no use.
      conclude(Result.FAILED, how, "the other server answered with status " + head.status());
      return;
    }
    resumer.concluded(Result.RESUMED, how, "after " + told.tokens + " tokens");
    told.goesOn(ask.prefilledTokens());
    stitch = new Stitch(told, ask.white());
    current = answer;
    state = State.FOLLOWING;
    answer.attach(this, false);
    if (paused && state == State.FOLLOWING) {
      answer.pause(true);
    }
  }
}
