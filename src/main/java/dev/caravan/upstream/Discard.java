package dev.caravan.upstream;

import io.netty.buffer.ByteBuf;

/** An output that nobody wants. */
final class Discard implements BodyFramer.Output {
  static final Discard OUTPUT = new Discard();

  private Discard() {}

  @Override
  public void pass(ByteBuf part) {
    part.release();
  }

  @Override
  public void payload(ByteBuf in, int index, int length) {}
}
