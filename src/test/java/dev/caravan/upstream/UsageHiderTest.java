package dev.caravan.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.UsageScanner;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UsageHiderTest {
  private static final String USAGE =
      "data: {\"id\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}";

  private static final List<String> EVENTS =
      List.of(
          "data: {\"choices\":[{\"delta\":{\"content\":\"a 🐪 g\"}}],\"usage\":null}",
          "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":{}\"}}]}",
          "data: {\"choices\":[{\"delta\":{}}],\"usage\":{\"prompt_tokens\":1}}",
          "data: {\"choices\":[{\"x\":{\"choices\":[]}}],\"usage\":{\"completion_tokens\":1}}",
          ": ping",
          "event: x\ndata: {\"usage\"\ndata: :1}",
          "data: [DONE]");

  /** What came out, and how it ended. */
  private static class Sink implements BodySink {
    private final ByteBuf all = Unpooled.buffer();
    private @Nullable String ended;

    @Override
    public void bytes(ByteBuf part) {
      all.writeBytes(part);
      part.release();
    }

    @Override
    public void flush() {}

    @Override
    public void end() {
      ended = "end";
    }

    @Override
    public void broken(Outcome how) {
      ended = how.label();
    }

    String text() {
      return all.toString(StandardCharsets.UTF_8);
    }
  }

  private static void pass(UsageHider hider, UsageScanner scanner, byte[] bytes, int from, int to) {
    ByteBuf part = ByteBufAllocator.DEFAULT.buffer(to - from).writeBytes(bytes, from, to - from);
    scanner.scan(part);
    hider.bytes(part);
  }

  private static String through(String stream, Random cuts) {
    UsageScanner scanner = new UsageScanner();
    Sink sink = new Sink();
    UsageHider hider = new UsageHider(sink, false, scanner);
    byte[] bytes = stream.getBytes(StandardCharsets.UTF_8);
    for (int at = 0; at < bytes.length; ) {
      int next = Math.min(bytes.length, at + 1 + cuts.nextInt(cuts.nextBoolean() ? 8 : 300));
      pass(hider, scanner, bytes, at, next);
      at = next;
    }
    hider.end();
    assertThat(sink.ended).isEqualTo("end");
    return sink.text();
  }

  /** However the stream is cut, exactly the events that only tell its cost are missing. */
  @Property
  void whateverTheCuts_onlySuchEventsAreMissing(@ForAll long seed) {
    Random random = new Random(seed);
    String line = random.nextInt(3) == 0 ? "\r\n" : "\n";
    StringBuilder stream = new StringBuilder();
    StringBuilder expected = new StringBuilder();
    for (int i = random.nextInt(12); i >= 0; i--) {
      boolean usage = random.nextInt(4) == 0;
      String event = usage ? USAGE : EVENTS.get(random.nextInt(EVENTS.size()));
      String written = event.replace("\n", line) + line + line;
      stream.append(written);
      expected.append(usage ? "" : written);
    }
    assertThat(through(stream.toString(), random)).isEqualTo(expected.toString());
  }

  @Test
  void anEventThatOnlyTheEndEnds_isJudgedToo() {
    String token = "data: {\"choices\":[{}]}\n\n";
    assertThat(through(token + USAGE, new Random(1)).strip()).isEqualTo(token.strip());
    assertThat(through(token + "data: {\"choices\":[{}]}\n", new Random(1)))
        .isEqualTo(token + "data: {\"choices\":[{}]}\n");
  }

  @Test
  void wholeEvents_passAtOnce_andAsTheVeryBuffer() {
    UsageScanner scanner = new UsageScanner();
    List<ByteBuf> out = new ArrayList<>();
    UsageHider hider =
        new UsageHider(
            new Sink() {
              @Override
              public void bytes(ByteBuf part) {
                out.add(part);
              }
            },
            false,
            scanner);
    ByteBuf part = Unpooled.copiedBuffer("data: {\"a\":1}\n\n", StandardCharsets.UTF_8);
    scanner.scan(part);
    hider.bytes(part);
    assertThat(out).singleElement().isSameAs(part);
    part.release();
  }

  @Test
  void chunked_isFramed_andEndsWithTheLastChunk() {
    UsageScanner scanner = new UsageScanner();
    Sink sink = new Sink();
    UsageHider hider = new UsageHider(sink, true, scanner);
    byte[] bytes = ("data: 1\n\n" + USAGE + "\n\n").getBytes(StandardCharsets.UTF_8);
    pass(hider, scanner, bytes, 0, bytes.length);
    hider.end();
    assertThat(sink.text()).isEqualTo("9\r\ndata: 1\n\n\r\n0\r\n\r\n");
  }

  @Test
  void broken_dropsHalfAnEvent() {
    UsageScanner scanner = new UsageScanner();
    Sink sink = new Sink();
    UsageHider hider = new UsageHider(sink, false, scanner);
    byte[] bytes = "data: 1\n\ndata: 2".getBytes(StandardCharsets.UTF_8);
    pass(hider, scanner, bytes, 0, bytes.length);
    hider.broken(new Outcome.FailedAfter(Outcome.Cause.RESET, "gone"));
    assertThat(sink.text()).isEqualTo("data: 1\n\n");
    assertThat(sink.ended).isEqualTo("failed_after_first_byte");
  }
}
