package dev.caravan.resume;

import dev.caravan.outcome.Outcome;
import dev.caravan.upstream.BodySink;
import io.netty.buffer.ByteBuf;

/** Reads a body that nobody wants to its end, so that its connection and its lease end well. */
final class Unwanted implements BodySink {
  private final Runnable over;

  Unwanted(Runnable over) {
    this.over = over;
  }

  @Override
  public void bytes(ByteBuf part) {
    part.release();
  }

  @Override
  public void flush() {
    // Nothing is collected.
  }

  @Override
  public void end() {
    over.run();
  }

  @Override
  public void broken(Outcome how) {
    over.run();
  }
}
