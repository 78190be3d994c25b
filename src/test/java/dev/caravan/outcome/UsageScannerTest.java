package dev.caravan.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UsageScannerTest {
  private static final String STREAM =
      """
      data: {"id":"1","choices":[{"delta":{"content":"say \\"usage\\": {\\"prompt_tokens\\":9}"}}],"usage":null}

      : ping

      data: {"id":"1","choices":[{"delta":{"content":"going, \\\\"}}],"usage":null}

      data: {"id":"1","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46,"prompt_tokens_details":{"cached_tokens":8}}}

      data: [DONE]

      """;

  private static final String ANSWER =
      """
      {
        "usage" :
        {
          "prompt_tokens" : 12,
          "note" : "a } and \\" { in a string",
          "prompt_tokens_details" : { "audio_tokens": 0, "cached_tokens" : 8 },
          "completion_tokens" : 34
        },
        "choices": [{"message": {"content": "usage", "tool": "usage\\":"}}],
        "z": ["usage", {"x": "\\"usage"}]
      }
      """;

  private static final Usage EXPECTED = new Usage(12, 34, 8);

  @ParameterizedTest
  @ValueSource(strings = {STREAM, ANSWER})
  void scan_everySplitIntoThree_findsTheSame(String answer) {
    byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
    long events = scan(answer).events();
    for (int first = 0; first <= bytes.length; first++) {
      for (int second = first; second <= bytes.length; second += 1 + (second - first) / 24) {
        UsageScanner scanner = new UsageScanner();
        scanner.scan(Unpooled.wrappedBuffer(bytes, 0, first));
        scanner.scan(Unpooled.wrappedBuffer(bytes, first, second - first));
        scanner.scan(Unpooled.wrappedBuffer(bytes, second, bytes.length - second));
        if (!scanner.usage().equals(EXPECTED) || scanner.events() != events) {
          assertThat(scanner.usage()).as("%d, %d", first, second).isEqualTo(EXPECTED);
          assertThat(scanner.events()).as("%d, %d", first, second).isEqualTo(events);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 64})
  void scan_buffersOfOneSize_findsTheSame(int size) {
    for (String answer : new String[] {STREAM, ANSWER}) {
      byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
      UsageScanner scanner = new UsageScanner();
      CompositeByteBuf composite = Unpooled.compositeBuffer(10_000);
      for (int i = 0; i < bytes.length; i += size) {
        ByteBuf part =
            Unpooled.directBuffer().writeBytes(bytes, i, Math.min(size, bytes.length - i));
        scanner.scan(part);
        composite.addComponent(true, part);
      }
      UsageScanner atOnce = new UsageScanner();
      atOnce.scan(composite);

      assertThat(scanner.usage()).isEqualTo(EXPECTED);
      assertThat(atOnce.usage()).isEqualTo(EXPECTED);
      assertThat(scanner.events()).isEqualTo(atOnce.events());
      composite.release();
      assertThat(composite.refCnt()).isZero();
    }
  }

  @Test
  void scan_keyAtEveryPlaceOfABuffer_isFound() {
    for (int before = 0; before < 40; before++) {
      for (int behind = 0; behind < 20; behind++) {
        String json = " ".repeat(before) + "\"usage\":{\"prompt_tokens\":7}" + "g".repeat(behind);
        assertThat(scan(json).usage().promptTokens()).isEqualTo(7);
      }
    }
  }

  @Test
  void scan_streamOfEvents_countsThemAndTheComments() {
    assertThat(scan(STREAM).events()).isEqualTo(5);
  }

  @ParameterizedTest
  @CsvSource({
    "'', 0",
    "'a', 0",
    "'a%n', 0",
    "'a%n%n', 1",
    "'%na%n%n', 1",
    "'%n%n%na%n%n%n%nb%n%n', 2",
    "'a%nb%n%nc%n', 1",
    "'a%n%nb%n%nc', 2",
  })
  void events_anyLineEnd_countsBlocksThatEnded(String blocks, int count) {
    for (String end : new String[] {"\n", "\r\n", "\r"}) {
      String stream = blocks.replace("%n", end);
      for (int size = 1; size <= 8; size++) {
        assertThat(scanInParts(stream, size).events()).as(stream).isEqualTo(count);
      }
      // Far into a buffer, where eight bytes are searched at a time.
      assertThat(scan("x".repeat(50) + end + end + stream + "y".repeat(50)).events())
          .isEqualTo(count + 1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "{\"usage\":null}",
        "{\"usage\":12}",
        "{\"usage\":\"prompt_tokens\"}",
        "{\"usage\":[{\"prompt_tokens\":1}]}",
        "{\"a\":\"usage\",\"b\":{\"prompt_tokens\":1}}",
        "[\"usage\",{\"prompt_tokens\":1}]",
        "{\"Usage\":{\"prompt_tokens\":1}}",
        "{\"xusage\":{\"prompt_tokens\":1}}",
        "{\"usagex\":{\"prompt_tokens\":1}}",
        "{\"\\\"usage\":{\"prompt_tokens\":1}}",
        "{\"a\":\"\\\"usage\\\": {\\\"prompt_tokens\\\":1}\"}",
        "{\"a\":\"\\\\\\\"usage\\\\\\\": {\\\"prompt_tokens\\\":1}\"}",
        "{\"a\":\"b\\\"usage\"}",
        "{\"usage\":{\"prompt_tokens\":1",
        "{\"usage\":{\"prompt_tokens\":tru}}",
        "{\"usage\":{}}",
        "{\"usage\":{\"a\":{\"prompt_tokens\":1}}}",
        "{\"usage\":{\"prompt_tokens\":null,\"completion_tokens\":\"5\",\"prompt_tokens_details\":null}}",
        "{\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":1.5}}",
        "{\"usage\":{\"prompt_tokens\":9999999999999999999999,\"completion_tokens\":1e3}}",
        "{\"usage\":{\"prompt_tokens\":[1],\"prompt_tokens_details\":[{\"cached_tokens\":1}]}}",
      })
  void usage_whereNothingIsSaid_isUnknown(String answer) {
    for (int size = 1; size <= 9; size++) {
      assertThat(scanInParts(answer, size).usage()).isEqualTo(Usage.UNKNOWN);
    }
    assertThat(scan(answer).usage()).isEqualTo(Usage.UNKNOWN);
    assertThat(scan(" ".repeat(64) + answer).usage()).isEqualTo(Usage.UNKNOWN);
  }

  @Test
  void usage_ofEveryEvent_isTheLast() {
    StringBuilder stream = new StringBuilder();
    for (int i = 1; i <= 50; i++) {
      stream
          .append("data: {\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":")
          .append(i)
          .append("}}\n\n");
    }
    UsageScanner scanner = scan(stream.toString());

    assertThat(scanner.usage()).isEqualTo(new Usage(3, 50, -1));
    assertThat(scanner.events()).isEqualTo(50);
  }

  @Test
  void usage_whileTheNextObjectIsOpen_isTheLastWhole() {
    assertThat(scan("{\"usage\":{\"prompt_tokens\":3}},{\"usage\":{\"prompt_tokens\":5").usage())
        .isEqualTo(new Usage(3, -1, -1));
  }

  @Test
  void usage_withLargeCounts_isExact() {
    assertThat(scan("\"usage\":{\"prompt_tokens\":999999999999999999}").usage().promptTokens())
        .isEqualTo(999_999_999_999_999_999L);
  }

  @Test
  void scan_objectOverTheLimit_isPassedOverAndTheNextFound() {
    String fits = "\"usage\":{\"prompt_tokens\":1,\"a\":\"%s\"}";
    int frame = fits.length() - "\"usage\":".length() - "%s".length();
    String longest = fits.formatted("x".repeat(UsageScanner.MAX_OBJECT_BYTES - frame));
    String tooLong = fits.formatted("x".repeat(UsageScanner.MAX_OBJECT_BYTES - frame + 1));

    assertThat(scan(longest).usage().promptTokens()).isEqualTo(1);
    assertThat(scan(tooLong).usage()).isEqualTo(Usage.UNKNOWN);
    assertThat(scan(tooLong + ",\"usage\":{\"prompt_tokens\":2}").usage().promptTokens())
        .isEqualTo(2);
    assertThat(scan("\"usage\":" + "{".repeat(100_000)).usage()).isEqualTo(Usage.UNKNOWN);
  }

  @Test
  void scan_changesNothingInTheBuffer() {
    ByteBuf bytes =
        Unpooled.copiedBuffer(
                "{\"usage\":{\"prompt_tokens\":1}}{\"usage\":{\"prompt_tokens\":2}}",
                StandardCharsets.UTF_8)
            .setIndex(1, 29);
    UsageScanner scanner = new UsageScanner();

    scanner.scan(bytes);

    assertThat(scanner.usage().promptTokens()).isEqualTo(1);
    assertThat(bytes.readerIndex()).isEqualTo(1);
    assertThat(bytes.writerIndex()).isEqualTo(29);
    assertThat(bytes.refCnt()).isOne();
    bytes.release();
  }

  @Test
  void scan_anyKindOfBuffer_findsTheSame() {
    byte[] bytes = STREAM.getBytes(StandardCharsets.UTF_8);
    PooledByteBufAllocator pool = PooledByteBufAllocator.DEFAULT;
    List<ByteBuf> buffers =
        List.of(
            pool.heapBuffer().writeBytes(bytes),
            pool.directBuffer().writeBytes(bytes),
            pool.directBuffer().writeZero(9).writeBytes(bytes).writeZero(3).slice(9, bytes.length),
            pool.heapBuffer().writeZero(9).writeBytes(bytes).setIndex(9, 9 + bytes.length),
            Unpooled.directBuffer().writeBytes(bytes).asReadOnly(),
            Unpooled.wrappedBuffer(bytes).asReadOnly(),
            Unpooled.wrappedBuffer(Unpooled.EMPTY_BUFFER, Unpooled.copiedBuffer(bytes)),
            Unpooled.compositeBuffer().addComponent(true, Unpooled.copiedBuffer(bytes)),
            Unpooled.unreleasableBuffer(Unpooled.copiedBuffer(bytes)).duplicate());
    for (ByteBuf buffer : buffers) {
      UsageScanner scanner = new UsageScanner();
      scanner.scan(Unpooled.EMPTY_BUFFER);
      scanner.scan(Unpooled.compositeBuffer());
      scanner.scan(buffer);
      scanner.scan(Unpooled.EMPTY_BUFFER);

      assertThat(scanner.usage()).as("%s", buffer).isEqualTo(EXPECTED);
      assertThat(scanner.events()).isEqualTo(5);
      assertThat(buffer.readableBytes()).isEqualTo(bytes.length);
      buffer.release();
    }
  }

  @Test
  void scan_randomBytes_neverFails() {
    Random random = new Random(11);
    byte[] bytes = new byte[2 << 20];
    random.nextBytes(bytes);
    String letters = "\"usage\":{}\\ \n\r,";
    for (int i = bytes.length / 2; i < bytes.length; i++) {
      bytes[i] = (byte) letters.charAt(random.nextInt(letters.length()));
    }
    UsageScanner scanner = new UsageScanner();
    int from = 0;
    while (from < bytes.length) {
      int length = Math.min(random.nextInt(200), bytes.length - from);
      scanner.scan(Unpooled.wrappedBuffer(bytes, from, length));
      from += length;
    }
    scanner.scan(
        Unpooled.copiedBuffer(
            "}}}}\"\"}}}\"usage\":{\"prompt_tokens\":1}".repeat(200), StandardCharsets.UTF_8));

    assertThat(scanner.usage().promptTokens()).isIn(1L, -1L);
  }

  private static UsageScanner scan(String answer) {
    return scanInParts(answer, Integer.MAX_VALUE);
  }

  private static UsageScanner scanInParts(String answer, int size) {
    UsageScanner scanner = new UsageScanner();
    byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
    int from = 0;
    while (from < bytes.length) {
      int length = Math.min(size, bytes.length - from);
      scanner.scan(Unpooled.wrappedBuffer(bytes, from, length));
      from += length;
    }
    return scanner;
  }
}
