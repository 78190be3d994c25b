package dev.caravan.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EventReaderTest {
  private static final List<String> LINES =
      List.of(
          "data: {\"a\":1}",
          "data:tight",
          "data: größer 🐪",
          "data:",
          "data",
          ": ping",
          "event: error",
          "id: 7",
          "datax: no",
          " data: no");

  /** An event and what its data is; null for none. */
  private record Event(String bytes, @Nullable String data) {}

  private static List<Event> stream(Random random) {
    List<Event> events = new ArrayList<>();
    for (int i = random.nextInt(8); i >= 0; i--) {
      String end = List.of("\n", "\r\n", "\r").get(random.nextInt(3));
      StringBuilder bytes = new StringBuilder();
      List<String> data = new ArrayList<>();
      for (int line = random.nextInt(4); line >= 0; line--) {
        String text = LINES.get(random.nextInt(LINES.size()));
        bytes.append(text).append(end);
        if (text.startsWith("data:")) {
          data.add(text.substring(text.startsWith("data: ") ? 6 : 5));
        }
      }
      bytes.append(end);
      events.add(new Event(bytes.toString(), data.isEmpty() ? null : String.join("\n", data)));
    }
    return events;
  }

  private static void append(EventReader reader, byte[] bytes, int from, int to) {
    reader.append(Unpooled.wrappedBuffer(bytes, from, to - from));
  }

  private static void drain(EventReader reader, List<@Nullable String> data, StringBuilder passed) {
    while (reader.next()) {
      data.add(
          reader.dataLength() < 0
              ? null
              : new String(
                  reader.data(), reader.dataFrom(), reader.dataLength(), StandardCharsets.UTF_8));
    }
    passed.append(new String(reader.bytes(), 0, reader.end(), StandardCharsets.ISO_8859_1));
    reader.discardRead();
  }

  @Property(tries = 300)
  void stream_cutAnywhere_hasTheSameEvents(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int most) {
    Random random = new Random(seed);
    List<Event> events = stream(random);
    StringBuilder whole = new StringBuilder();
    events.forEach(event -> whole.append(event.bytes()));
    byte[] bytes = whole.toString().getBytes(StandardCharsets.UTF_8);
    EventReader reader = new EventReader();
    List<@Nullable String> data = new ArrayList<>();
    StringBuilder passed = new StringBuilder();
    for (int at = 0; at < bytes.length; ) {
      int to = Math.min(bytes.length, at + 1 + random.nextInt(most));
      append(reader, bytes, at, to);
      drain(reader, data, passed);
      at = to;
    }
    assertThat(data).isEqualTo(events.stream().map(Event::data).toList());
    passed.append(new String(reader.bytes(), 0, reader.length(), StandardCharsets.ISO_8859_1));
    assertThat(passed.toString()).isEqualTo(new String(bytes, StandardCharsets.ISO_8859_1));
  }

  @Test
  void stream_cutOnceAtEveryByte_hasTheSameEvents() {
    byte[] bytes =
        "data: one\n\n: ping\r\n\r\ndata: t\ndata: wo\n\ndata: [DONE] \n\n"
            .getBytes(StandardCharsets.UTF_8);
    for (int cut = 0; cut <= bytes.length; cut++) {
      EventReader reader = new EventReader();
      List<@Nullable String> data = new ArrayList<>();
      StringBuilder passed = new StringBuilder();
      append(reader, bytes, 0, cut);
      drain(reader, data, passed);
      append(reader, bytes, cut, bytes.length);
      drain(reader, data, passed);
      assertThat(data).as("cut at %s", cut).containsExactly("one", null, "t\nwo", "[DONE] ");
      assertThat(reader.length()).isZero();
    }
  }

  @Test
  void half_isKept_untilTheReaderIsReset() {
    EventReader reader = new EventReader();
    byte[] bytes = "data: one\n\ndata: ha".getBytes(StandardCharsets.UTF_8);
    append(reader, bytes, 0, bytes.length);
    assertThat(reader.next()).isTrue();
    assertThat(reader.next()).isFalse();
    reader.discardRead();
    assertThat(reader.length()).isEqualTo("data: ha".length());
    reader.reset();
    byte[] other = "data: two\n\n".getBytes(StandardCharsets.UTF_8);
    append(reader, other, 0, other.length);
    assertThat(reader.next()).isTrue();
    assertThat(reader.dataIs("two".getBytes(StandardCharsets.UTF_8))).isTrue();
  }
}
