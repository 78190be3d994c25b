package dev.caravan.upstream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.upstream.ChunkedBodyTest.Collector;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class PlainBodyTest {

  @Property(tries = 500)
  void feed_anySplit_passesTheLengthAndLeavesTheRest(
      @ForAll @Size(max = 8) List<@AlphaChars @StringLength(max = 12) String> reads,
      @ForAll boolean chunked,
      @ForAll @StringLength(max = 5) @AlphaChars String surplus) {
    String whole = String.join("", reads);
    PlainBody body = PlainBody.ofLength(whole.length());
    body.chunkedOut(chunked);
    Collector out = new Collector();
    boolean ended = false;
    ByteBuf[] all = new ByteBuf[reads.size()];
    String left = "";
    for (int i = 0; i < reads.size() && !ended; i++) {
      String text = reads.get(i) + (i == reads.size() - 1 ? surplus : "");
      ByteBuf in = Unpooled.copiedBuffer(text, ISO_8859_1);
      all[i] = in;
      ended = body.feed(in, out);
      if (ended) {
        left = in.toString(ISO_8859_1);
        in.release();
      }
    }
    assertThat(out.payload.toString()).isEqualTo(whole);
    String wire = out.passed.toString();
    assertThat(chunked ? ChunkedBodyTest.decoded(wire + "0\r\n\r\n") : wire).isEqualTo(whole);
    if (!reads.isEmpty() && !reads.get(reads.size() - 1).isEmpty()) {
      assertThat(ended).isTrue();
      assertThat(left).isEqualTo(surplus);
    }
    out.release();
    for (ByteBuf in : all) {
      assertThat(in == null ? 0 : in.refCnt()).isZero();
    }
  }

  @Test
  void feed_untilClose_neverEnds() {
    PlainBody body = PlainBody.untilClose();
    Collector out = new Collector();
    assertThat(body.endsAtClose()).isTrue();
    assertThat(body.feed(Unpooled.copiedBuffer("abc", ISO_8859_1), out)).isFalse();
    assertThat(body.feed(Unpooled.buffer(1), out)).isFalse();
    assertThat(out.passed.toString()).isEqualTo("abc");
    out.release();
  }

  @Test
  void feed_lengthBeyondAnInt_countsInLongs() {
    PlainBody body = PlainBody.ofLength(1L << 32);
    Collector out = new Collector();
    assertThat(body.feed(Unpooled.copiedBuffer("abc", ISO_8859_1), out)).isFalse();
    assertThat(out.passed.toString()).isEqualTo("abc");
    out.release();
  }
}
