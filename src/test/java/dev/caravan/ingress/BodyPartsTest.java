package dev.caravan.ingress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.UnpooledHeapByteBuf;
import org.junit.jupiter.api.Test;

class BodyPartsTest {

  /** Counts what is ever asked for, and what has not come back. */
  private static final class Counting extends AbstractByteBufAllocator {
    long bytes;
    int held;

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
      bytes += initialCapacity;
      held++;
      return new UnpooledHeapByteBuf(this, initialCapacity, maxCapacity) {
        @Override
        protected void deallocate() {
          held--;
          super.deallocate();
        }
      };
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
      return newHeapBuffer(initialCapacity, maxCapacity);
    }

    @Override
    public boolean isDirectBufferPooled() {
      return false;
    }
  }

  @Test
  void aMillionSmallParts_areCopiedOnceAndAreFew() {
    Counting memory = new Counting();
    BodyParts parts = new BodyParts();
    int count = 1_000_000;
    for (int i = 0; i < count; i++) {
      parts.add(memory.heapBuffer(1).writeByte('a' + i % 7));
    }
    assertThat(memory.bytes).as("the parts, and each byte once more").isLessThan(3L * count);
    ByteBuf all = parts.all();
    assertThat(all.readableBytes()).isEqualTo(count);
    assertThat(((CompositeByteBuf) all).numComponents()).isLessThan(count / 200);
    assertThat(all.toString(count - 7, 7, ISO_8859_1)).isEqualTo("bcdefga");
    parts.release();
    assertThat(memory.held).isZero();
  }

  @Test
  void largeParts_areNotCopied() {
    Counting memory = new Counting();
    BodyParts parts = new BodyParts();
    for (int i = 0; i < 600; i++) {
      parts.add(memory.heapBuffer(8_192).writeZero(8_192));
    }
    assertThat(memory.bytes).isEqualTo(600L * 8_192);
    assertThat(parts.all().readableBytes()).isEqualTo(600 * 8_192);
    parts.release();
    assertThat(memory.held).isZero();
  }

  @Test
  void onePart_isItself_andNoneIsEmpty() {
    BodyParts parts = new BodyParts();
    assertThat(parts.all().isReadable()).isFalse();
    ByteBuf one = new Counting().heapBuffer(1).writeByte('a');
    parts.add(one);
    assertThat(parts.all()).isSameAs(one);
    parts.release();
    assertThat(one.refCnt()).isZero();
    parts.release();
  }
}
