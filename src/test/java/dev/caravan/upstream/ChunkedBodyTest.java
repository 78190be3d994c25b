package dev.caravan.upstream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkedBodyTest {

  /** Collects what a framer passes and what it shows. */
  static final class Collector implements BodyFramer.Output {
    final StringBuilder passed = new StringBuilder();
    final StringBuilder payload = new StringBuilder();
    final List<ByteBuf> parts = new ArrayList<>();

    @Override
    public void pass(ByteBuf part) {
      passed.append(part.toString(ISO_8859_1));
      parts.add(part);
    }

    @Override
    public void payload(ByteBuf in, int index, int length) {
      payload.append(in.toString(index, length, ISO_8859_1));
    }

    void release() {
      parts.forEach(ByteBuf::release);
      parts.clear();
    }
  }

  /** Decodes chunks the plain way, to compare with. */
  static String decoded(String chunks) {
    StringBuilder payload = new StringBuilder();
    int at = 0;
    while (true) {
      int line = chunks.indexOf("\r\n", at);
      int size = Integer.parseInt(chunks.substring(at, line), 16);
      at = line + 2;
      if (size == 0) {
        assertThat(chunks.substring(at)).isEqualTo("\r\n");
        return payload.toString();
      }
      payload.append(chunks, at, at + size);
      assertThat(chunks.substring(at + size, at + size + 2)).isEqualTo("\r\n");
      at += size + 2;
    }
  }

  static String chunks(List<String> payloads) {
    StringBuilder wire = new StringBuilder();
    for (String payload : payloads) {
      wire.append(Integer.toHexString(payload.length())).append("\r\n");
      wire.append(payload).append("\r\n");
    }
    return wire.append("0\r\n\r\n").toString();
  }

  private static boolean feed(BodyFramer body, Collector out, String bytes) throws BadResponse {
    ByteBuf in = Unpooled.copiedBuffer(bytes, ISO_8859_1);
    boolean ended = body.feed(in, out);
    if (ended) {
      assertThat(in.isReadable()).isFalse();
      in.release();
    }
    return ended;
  }

  @Provide
  Arbitrary<List<String>> payloads() {
    return Arbitraries.strings()
        .withChars("data:{}\"\r\n0a1;")
        .ofMinLength(1)
        .ofMaxLength(40)
        .list()
        .ofMaxSize(6);
  }

  @Property(tries = 2000)
  void feed_anySplit_passesTheSameBodyInWholeChunks(
      @ForAll("payloads") List<String> payloads,
      @ForAll List<Integer> cuts,
      @ForAll boolean chunkedOut)
      throws BadResponse {
    String wire = chunks(payloads);
    ChunkedBody body = new ChunkedBody();
    body.chunkedOut(chunkedOut);
    Collector out = new Collector();
    int[] places =
        cuts.stream()
            .mapToInt(cut -> Math.floorMod(cut, wire.length()))
            .sorted()
            .distinct()
            .toArray();
    int from = 0;
    for (int place : places) {
      if (place > from) {
        assertThat(feed(body, out, wire.substring(from, place))).isFalse();
        if (chunkedOut) {
          // An error frame can follow here at any time.
          decoded(out.passed + "0\r\n\r\n");
        }
        from = place;
      }
    }
    assertThat(feed(body, out, wire.substring(from))).isTrue();
    String expected = String.join("", payloads);
    assertThat(out.payload.toString()).isEqualTo(expected);
    assertThat(chunkedOut ? decoded(out.passed.toString()) : out.passed.toString())
        .isEqualTo(expected);
    out.release();
  }

  @Test
  void feed_everyTwoSplit_losesNothing() throws BadResponse {
    String wire = chunks(List.of("data: one\n\n", "data: two\n\n", "data: [DONE]\n\n"));
    for (int first = 1; first < wire.length(); first++) {
      for (int second = first + 1; second < wire.length(); second++) {
        ChunkedBody body = new ChunkedBody();
        body.chunkedOut(true);
        Collector out = new Collector();
        feed(body, out, wire.substring(0, first));
        feed(body, out, wire.substring(first, second));
        assertThat(feed(body, out, wire.substring(second))).isTrue();
        assertThat(decoded(out.passed.toString()))
            .isEqualTo("data: one\n\ndata: two\n\ndata: [DONE]\n\n");
        out.release();
      }
    }
  }

  @Test
  void feed_wholeChunks_passesTheVeryBuffer() throws BadResponse {
    ByteBuf in = Unpooled.copiedBuffer("3\r\nabc\r\n2\r\nde\r\n", ISO_8859_1);
    ChunkedBody body = new ChunkedBody();
    body.chunkedOut(true);
    Collector out = new Collector();
    assertThat(body.feed(in, out)).isFalse();
    assertThat(out.parts).containsExactly(in);
    out.release();
    assertThat(in.refCnt()).isZero();
  }

  @Test
  void feed_extensionsAndTrailers_areDropped() throws BadResponse {
    ChunkedBody body = new ChunkedBody();
    body.chunkedOut(true);
    Collector out = new Collector();
    assertThat(feed(body, out, "3;a=b\r\nabc\r\n0;x\r\nx-sum: 1\r\ny: 2\r\n\r\n")).isTrue();
    assertThat(out.passed).hasToString("3\r\nabc\r\n0\r\n\r\n");
    out.release();
  }

  @Test
  void feed_bytesBehindTheEnd_stayReadable() throws BadResponse {
    ByteBuf in = Unpooled.copiedBuffer("1\r\na\r\n0\r\n\r\nHTTP/1.1", ISO_8859_1);
    ChunkedBody body = new ChunkedBody();
    body.chunkedOut(true);
    Collector out = new Collector();
    assertThat(body.feed(in, out)).isTrue();
    assertThat(in.toString(ISO_8859_1)).isEqualTo("HTTP/1.1");
    assertThat(out.passed).hasToString("1\r\na\r\n0\r\n\r\n");
    out.release();
    in.release();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\r\n",
        "g\r\n",
        "-1\r\n",
        "+1\r\n",
        "1\n",
        "1\r\naXX",
        "1\r\na\n",
        "0\r\n\rX",
        "1000000000000000\r\n",
        "0x1\r\na\r\n"
      })
  void feed_notChunks_isRefused(String wire) {
    Collector out = new Collector();
    ByteBuf in = Unpooled.copiedBuffer(wire, ISO_8859_1);
    ChunkedBody body = new ChunkedBody();
    body.chunkedOut(true);
    assertThatThrownBy(() -> body.feed(in, out)).isInstanceOf(BadResponse.class);
    in.release();
    out.release();
  }

  @Test
  void feed_endlessExtension_isRefused() {
    Collector out = new Collector();
    ByteBuf in = Unpooled.copiedBuffer("1;" + "x".repeat(20_000), ISO_8859_1);
    assertThatThrownBy(() -> new ChunkedBody().feed(in, out)).isInstanceOf(BadResponse.class);
    in.release();
  }
}
