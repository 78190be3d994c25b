package dev.caravan.resume;

import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.request.InferenceRequest;
import dev.caravan.resume.Resumer.Result;
import dev.caravan.upstream.Answer;
import dev.caravan.upstream.AnswerReceiver;
import dev.caravan.upstream.BodySink;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.ResponseHead;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A streamed answer that goes on from another server when its own dies. Lives on the call's event
 * loop.
 */
public final class ResumableAnswer implements Answer, BodySink {
  /*
   * States
   *
   *   FOLLOWING   whole events are passed on, and the client's text is remembered
   *      |  \____ an event that rules resumption out, from the first server ____> PASSING
   *      |
   *      |  broken, and there is a way to go on
   *      v
   *   WAITING     another server is sought; the client waits
   *      |  \____ none, or it answers something else __________________________> ENDED
   *      v
   *   FOLLOWING   the other server's events are rewritten
   *
   * PASSING and FOLLOWING end as their server does.
   */
  private enum State {
    FOLLOWING,
    PASSING,
    WAITING,
    ENDED
  }

  /** How often one answer may be resumed; chosen without experiment. */
  static final int MAX_RESUMPTIONS = 2;

  private final Answer first;
  private final Call call;
  private final InferenceRequest original;
  private final Resumer resumer;

  private State state = State.FOLLOWING;
  private Answer current;
  private @Nullable ClientStream client;
  private @Nullable Follower follower;
  private boolean paused;
  private String ruledOut = "";
  private int resumptions;

  /**
   * An answer that can be resumed.
   *
   * @param first one that is {@link #possible}
   */
  public ResumableAnswer(Answer first, Call call, Resumer resumer) {
    this.first = first;
    this.current = first;
    this.call = call;
    this.original = call.request();
    this.resumer = resumer;
  }

  /** Whether an answer is a stream; of one with a promised length no other can be made. */
  public static boolean possible(Answer answer, Call call) {
    ResponseHead head = answer.head();
    return call.request().stream()
        && head.status() == 200
        && head.eventStream()
        && head.contentLength() < 0;
  }

  @Override
  public ResponseHead head() {
    return first.head();
  }

  @Override
  public void attach(BodySink sink, boolean chunked) {
    ClientStream to = new ClientStream(sink, chunked);
    client = to;
    follower = new Follower(to);
    current.attach(this, false);
  }

  @Override
  public void pause(boolean now) {
    paused = now;
    if (state != State.WAITING) {
      current.pause(now);
    }
  }

  private ClientStream client() {
    ClientStream attached = client;
    if (attached == null) {
      throw new IllegalStateException("nobody has attached yet");
    }
    return attached;
  }

  private Follower follower() {
    Follower attached = follower;
    if (attached == null) {
      throw new IllegalStateException("nobody has attached yet");
    }
    return attached;
  }

  // ---- what the server sends

  @Override
  public void bytes(ByteBuf part) {
    switch (state) {
      case FOLLOWING -> follower().append(part);
      case PASSING -> client().pass(part);
      default -> part.release();
    }
  }

  @Override
  public void flush() {
    follow();
    if (state != State.ENDED) {
      client().flush();
    }
  }

  @Override
  public void end() {
    follow();
    if (state == State.FOLLOWING) {
      follower().passRest();
    }
    if (state != State.ENDED) {
      finish();
    }
  }

  @Override
  public void broken(Outcome how) {
    follow();
    if (state == State.PASSING) {
      conclude(Result.REFUSED, how, ruledOut);
    } else if (state == State.FOLLOWING) {
      // Half an event is not for the client: the next server says it again.
      follower().dropRest();
      goOn(how);
    }
  }

  private void follow() {
    if (state != State.FOLLOWING) {
      return;
    }
    Follower following = follower();
    String obstacle = following.follow();
    if (obstacle == null) {
      return;
    }
    if (following.stitched()) {
      // What this server says cannot stand in the first one's answer.
      Outcome how =
          new Outcome.FailedAfter(
              Cause.BAD_RESPONSE, "does not go on with the answer it was given");
      conclude(Result.FAILED, how, obstacle);
      return;
    }
    ruledOut = obstacle;
    state = State.PASSING;
    following.passRest();
  }

  // ---- ends

  private void finish() {
    state = State.ENDED;
    client().end();
  }

  /** The client learns that the answer is not complete. */
  private void conclude(Result result, Outcome how, String detail) {
    resumer.concluded(result, how, detail);
    state = State.ENDED;
    client().broken(how);
  }

  /** The answer is whole but for what the gateway can add. */
  private void addEnd(Outcome how, String missing) {
    if (original.includeUsage() && !follower().told().usage) {
      conclude(Result.REFUSED, how, "the usage that was asked for is missing");
      return;
    }
    if (!missing.isEmpty()) {
      follower().say(missing);
    }
    resumer.concluded(Result.FINISHED, how, "only its end was missing");
    finish();
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
    if (call.abandoned()) {
      state = State.ENDED;
      return;
    }
    if (!ofTheServer(how)) {
      conclude(Result.REFUSED, how, "the server is not at fault");
      return;
    }
    Transcript told = follower().told();
    if (told.done) {
      // Whatever was asked for has come.
      resumer.concluded(Result.FINISHED, how, "only the end of the body was missing");
      finish();
    } else if (told.finished && Continuation.single(original)) {
      addEnd(how, Ending.DONE);
    } else if (resumptions == MAX_RESUMPTIONS) {
      conclude(Result.REFUSED, how, "it was resumed " + MAX_RESUMPTIONS + " times already");
    } else {
      Continuation plan = Continuation.plan(original, told);
      if (plan instanceof Continuation.Ask ask) {
        ask(ask, how);
      } else if (plan instanceof Continuation.Refused refused) {
        conclude(Result.REFUSED, how, refused.why());
      } else {
        addEnd(how, Ending.length(original.api(), told) + Ending.DONE);
      }
    }
  }

  private void ask(Continuation.Ask ask, Outcome how) {
    resumptions++;
    state = State.WAITING;
    call.goOnWith(ask.request());
    resumer.resume(
        ask.request(),
        new AnswerReceiver() {
          @Override
          public void answered(Answer answer) {
            if (waiting()) {
              goOn(answer, ask, how);
            }
          }

          @Override
          public void failed(Outcome outcome) {
            fail(how, outcome.detail());
          }
        });
  }

  /** Whether a client is still there to go on for. */
  private boolean waiting() {
    return state == State.WAITING && !call.abandoned();
  }

  private void fail(Outcome how, String why) {
    if (waiting()) {
      conclude(Result.FAILED, how, why);
    }
  }

  private void goOn(Answer answer, Continuation.Ask ask, Outcome how) {
    int status = answer.head().status();
    if (status >= 400) {
      // A 4xx is a server that cannot take a prefill.
      answer.attach(new Unwanted(() -> fail(how, "it answered with status " + status)), false);
      return;
    }
    if (status != 200 || !answer.head().eventStream()) {
      fail(how, "it answered with something that is no stream");
      return;
    }
    Follower following = follower();
    resumer.concluded(Result.RESUMED, how, "after " + following.told().tokens + " tokens");
    following.goesOn(ask);
    current = answer;
    state = State.FOLLOWING;
    answer.attach(this, false);
    if (paused && state == State.FOLLOWING) {
      answer.pause(true);
    }
  }
}
