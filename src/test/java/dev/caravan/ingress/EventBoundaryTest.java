package dev.caravan.ingress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.upstream.Chunks;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EventBoundaryTest {
  private final EventBoundary boundary = new EventBoundary();

  private static String plain(String text) {
    return text.replace("|", "\n").replace("^", "\r");
  }

  private static ByteBuf chunk(String data) {
    ByteBuf out = Unpooled.buffer();
    Chunks.write(out, data.getBytes(ISO_8859_1));
    return out;
  }

  @Test
  void start_isABoundary() {
    assertThat(boundary.here()).isTrue();
  }

  /** A line feed is written | and a carriage return ^. */
  @ParameterizedTest
  @CsvSource({
    "data: a||, true",
    "data: a^|^|, true",
    "data: a^^, true",
    "data: a|^|, true",
    "data: a^||, true",
    "data: a|, false",
    "data: a^|, false",
    "data: a^, false",
    "data: a, false",
    "data: a||data: b, false",
    "data: a||data: b|, false",
    ": a comment||, true",
    "|, true",
    "^|, true",
  })
  void data_endsAnEvent_orDoesNot(String text, boolean here) {
    boundary.passed(chunk(plain(text)));
    assertThat(boundary.here()).isEqualTo(here);
  }

  @Property(tries = 300)
  void anyEvents_cutAnywhere_areSeenTheSame(
      @ForAll @Size(max = 12) List<EventPart> parts, @ForAll long seed) {
    Random random = new Random(seed);
    StringBuilder data = new StringBuilder();
    ByteBuf wire = Unpooled.buffer();
    StringBuilder pending = new StringBuilder();
    for (EventPart part : parts) {
      data.append(part.text);
      pending.append(part.text);
      if (random.nextBoolean()) {
        wire.writeBytes(chunk(pending.toString()));
        pending.setLength(0);
      }
    }
    if (!pending.isEmpty()) {
      wire.writeBytes(chunk(pending.toString()));
    }
    EventBoundary cut = new EventBoundary();
    while (wire.isReadable()) {
      cut.passed(wire.readSlice(1 + random.nextInt(wire.readableBytes())));
    }
    String lines = data.toString().replace("\r\n", "\n").replace('\r', '\n');
    boolean expected = lines.isEmpty() || lines.endsWith("\n\n") || lines.equals("\n");
    assertThat(cut.here()).as(data.toString()).isEqualTo(expected);
  }

  /** What streams are made of. */
  enum EventPart {
    DATA("data: {\"a\":1}"),
    COMMENT(": x"),
    LF("\n"),
    CRLF("\r\n"),
    CRLFS("\r\n\r\n"),
    LFS("\n\n");

    final String text;

    EventPart(String text) {
      this.text = text;
    }
  }

  @Test
  void chunkThatIsNotWhole_isNoBoundary() {
    ByteBuf whole = chunk("data: a\n\n");
    int last = whole.readableBytes();
    for (int at = 1; at < last; at++) {
      EventBoundary cut = new EventBoundary();
      cut.passed(whole.slice(0, at));
      assertThat(cut.here()).as("after %s bytes", at).isFalse();
    }
    boundary.passed(whole);
    assertThat(boundary.here()).isTrue();
    boundary.passed(Unpooled.copiedBuffer("0", ISO_8859_1));
    assertThat(boundary.here()).as("a size has begun").isFalse();
  }

  @Test
  void chunkThatEndsWithinAnEvent_isNoBoundary_whateverItsFramingEndsWith() {
    boundary.passed(chunk("data: a"));
    assertThat(boundary.here()).isFalse();
    boundary.passed(chunk("\n"));
    assertThat(boundary.here()).isFalse();
    boundary.passed(chunk("\n"));
    assertThat(boundary.here()).isTrue();
  }
}
