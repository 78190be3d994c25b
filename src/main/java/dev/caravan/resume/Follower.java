package dev.caravan.resume;

import dev.caravan.upstream.EventReader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Passes the whole events of an answer on to its client and keeps the transcript: those of the
 * first server as they came, those of a later one rewritten. Lives on the call's event loop.
 */
final class Follower {
  /** The longest event that is waited for, in bytes; chosen without experiment. */
  private static final int MAX_EVENT = 1 << 20;

  private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

  private final Transcript told = new Transcript();
  private final EventReader events = new EventReader();
  private final StreamedChunk chunk = new StreamedChunk();
  private final ByteArrayOutputStream rewritten = new ByteArrayOutputStream(0);
  private final ClientStream client;
  private ByteBufAllocator alloc = ByteBufAllocator.DEFAULT;
  private boolean begun;
  private @Nullable Stitch stitch;

  Follower(ClientStream client) {
    this.client = client;
  }

  Transcript told() {
    return told;
  }

  /** Whether a later server is followed, so that nothing may pass as it came. */
  boolean stitched() {
    return stitch != null;
  }

  /** Takes the next bytes from the server. */
  void append(ByteBuf part) {
    alloc = part.alloc();
    events.append(part);
    part.release();
  }

  /**
   * Passes on the whole events that are here.
   *
   * @return why the answer cannot be followed any further; null where it can. What was not passed
   *     is still here then
   */
  @Nullable String follow() {
    Stitch rewriting = stitch;
    String obstacle = rewriting == null ? first() : later(rewriting);
    return obstacle == null && events.length() > MAX_EVENT
        ? "an event is longer than " + MAX_EVENT + " bytes"
        : obstacle;
  }

  private @Nullable String first() {
    if (!begun && events.length() > 0) {
      begun = true;
      if (!events.plausible()) {
        return "the stream is none of events";
      }
    }
    while (told.obstacle == null && events.next()) {
      if (read()) {
        told.note(chunk, chunk.content);
      }
    }
    client.pass(events.bytes(), events.end(), alloc);
    events.discardRead();
    return told.obstacle;
  }

  private @Nullable String later(Stitch rewriting) {
    rewritten.reset();
    String obstacle = null;
    while (obstacle == null && events.next()) {
      obstacle = rewrite(rewriting);
    }
    client.pass(rewritten.toByteArray(), rewritten.size(), alloc);
    events.discardRead();
    return obstacle;
  }

  private @Nullable String rewrite(Stitch rewriting) {
    if (!read()) {
      rewritten.write(events.bytes(), events.start(), events.end() - events.start());
      return null;
    }
    if (chunk.obstacle != null) {
      return chunk.obstacle;
    }
    CharSequence fresh = rewriting.fresh(chunk);
    boolean roleTold = told.role;
    boolean empty = rewriting.empty(chunk);
    told.note(chunk, fresh);
    if (!empty) {
      int before = rewritten.size();
      try {
        rewriting.write(events.data(), events.dataFrom(), events.dataLength(), roleTold, rewritten);
      } catch (IOException e) {
        byte[] whole = rewritten.toByteArray();
        rewritten.reset();
        rewritten.write(whole, 0, before);
        return "an event could not be rewritten";
      }
    }
    return null;
  }

  /** Reads the current event; false where it is no part of the answer's text. */
  private boolean read() {
    if (events.dataLength() < 0) {
      return false;
    }
    if (events.dataIs(DONE)) {
      told.done = true;
      return false;
    }
    chunk.read(events.data(), events.dataFrom(), events.dataLength(), told.wantsIdentity());
    return true;
  }

  /** Passes on what is here as it came. */
  void passRest() {
    events.discardRead();
    client.pass(events.bytes(), events.length(), alloc);
    events.reset();
  }

  /** Forgets what is no whole event: the server that began it is dead. */
  void dropRest() {
    events.reset();
  }

  /** Tells the client what the server did not live to say. */
  void say(String event) {
    client.say(event, alloc);
  }

  /** Another server goes on. */
  void goesOn(Continuation.Ask asked) {
    told.goesOn(asked.prefilledTokens());
    stitch = new Stitch(told, asked.white());
  }
}
