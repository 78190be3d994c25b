package dev.caravan.upstream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.upstream.ChunkedBodyTest.Collector;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ChunksTest {

  @Property(tries = 500)
  void frame_anyLength_writesItInHexadecimal(@ForAll @IntRange(min = 1, max = 70_000) int length) {
    ByteBuf payload = Unpooled.buffer(length).writeZero(length);
    Collector out = new Collector();
    Chunks.frame(payload, out);
    assertThat(out.passed.toString())
        .startsWith(Integer.toHexString(length) + "\r\n\0")
        .endsWith("\0\r\n")
        .hasSize(Integer.toHexString(length).length() + length + 4);
    out.release();
    assertThat(payload.refCnt()).isZero();
  }

  @Property(tries = 300)
  void write_anyLength_isOneChunk(@ForAll @IntRange(min = 1, max = 5_000) int length) {
    ByteBuf to = Unpooled.buffer();
    Chunks.write(to, "x".repeat(length).getBytes(ISO_8859_1));
    assertThat(to.toString(ISO_8859_1))
        .isEqualTo(Integer.toHexString(length) + "\r\n" + "x".repeat(length) + "\r\n");
    to.release();
  }

  @Test
  void last_releasedByEveryUser_staysUsable() {
    for (int i = 0; i < 3; i++) {
      ByteBuf last = Chunks.last();
      assertThat(last.toString(ISO_8859_1)).isEqualTo("0\r\n\r\n");
      last.skipBytes(5).release();
    }
  }
}
