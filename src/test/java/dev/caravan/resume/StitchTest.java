package dev.caravan.resume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StitchTest {
  private final StreamedChunk chunk = new StreamedChunk();
  private Transcript told = new Transcript();

  @BeforeEach
  void begin() {
    first(
        "{\"id\":\"a\",\"created\":1,\"model\":\"m\",\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}");
    first("{\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}");
    told.goesOn(1);
  }

  private void first(String json) {
    byte[] data = read(json);
    assertThat(data).isNotEmpty();
    told.note(chunk, chunk.content);
  }

  private byte[] read(String json) {
    byte[] data = json.getBytes(StandardCharsets.UTF_8);
    chunk.read(data, 0, data.length, told.wantsIdentity());
    return data;
  }

  /** The event as the client sees it; empty for none. */
  private String stitched(Stitch stitch, String json) throws Exception {
    byte[] data = read(json);
    CharSequence fresh = stitch.fresh(chunk);
    boolean role = told.role;
    boolean empty = stitch.empty(chunk);
    told.note(chunk, fresh);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (!empty) {
      stitch.write(data, 0, data.length, role, out);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void event_getsTheFirstIdentity_andKeepsTheRest() throws Exception {
    assertThat(
            stitched(
                new Stitch(told, ""),
                "{\"id\":\"b\",\"object\":\"o\",\"created\":2,\"model\":\"n\",\"x\":[1.5,{\"id\":\"b\"}],"
                    + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ö\",\"y\":null},"
                    + "\"finish_reason\":null}]}"))
        .isEqualTo(
            "data: {\"id\":\"a\",\"object\":\"o\",\"created\":1,\"model\":\"m\",\"x\":[1.5,{\"id\":\"b\"}],"
                + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ö\",\"y\":null},"
                + "\"finish_reason\":null}]}\n\n");
  }

  @Test
  void role_isSaidOnce() throws Exception {
    Stitch stitch = new Stitch(told, "");
    assertThat(
            stitched(
                stitch,
                "{\"id\":\"b\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}"))
        .isEmpty();
    assertThat(
            stitched(
                stitch,
                "{\"id\":\"b\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"x\"}}]}"))
        .isEqualTo(
            "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n");
  }

  @Test
  void usage_isThatOfBoth() throws Exception {
    assertThat(
            stitched(
                new Stitch(told, ""),
                "{\"id\":\"b\",\"choices\":[],\"usage\":{\"total_tokens\":16,\"prompt_tokens\":11,"
                    + "\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":11}}}"))
        .isEqualTo(
            "data: {\"id\":\"a\",\"choices\":[],\"usage\":{\"total_tokens\":16,\"prompt_tokens\":10,"
                + "\"completion_tokens\":6,\"prompt_tokens_details\":{\"cached_tokens\":10}}}\n\n");
    assertThat(told.usage).isTrue();
  }

  @Test
  void usageOnEveryEvent_isCountedByTheServer() throws Exception {
    told = new Transcript();
    first(
        "{\"id\":\"a\",\"choices\":[{\"delta\":{\"content\":\"two tokens\"}}],"
            + "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12}}");
    assertThat(told.solidTokens).isEqualTo(2);
    assertThat(told.promptTokens).isEqualTo(10);
    assertThat(told.usage).isFalse();
    told.goesOn(2);
    assertThat(
            stitched(
                new Stitch(told, ""),
                "{\"id\":\"b\",\"choices\":[{\"delta\":{\"content\":\"x\"}}],"
                    + "\"usage\":{\"prompt_tokens\":13,\"completion_tokens\":1,\"total_tokens\":14}}"))
        .contains("{\"prompt_tokens\":10,\"completion_tokens\":3,\"total_tokens\":13}");
  }

  @Test
  void finish_isPassedOn_whateverItsText() throws Exception {
    assertThat(
            stitched(
                new Stitch(told, " "),
                "{\"id\":\"b\",\"choices\":[{\"delta\":{\"content\":\" \"},\"finish_reason\":\"stop\"}]}"))
        .isEqualTo(
            "data: {\"id\":\"a\",\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}]}\n\n");
  }

  /** White space that the client has is dropped once, however the other server cuts it. */
  @Property(tries = 500)
  void whiteSpace_saidAgain_isDropped(
      @ForAll @Chars({' ', '\n', '\t'}) @StringLength(max = 6) String white,
      @ForAll @Chars({' ', '\n', 'x'}) @StringLength(max = 8) String rest,
      @ForAll @IntRange(min = 1, max = 4) int size) {
    Stitch stitch = new Stitch(new Transcript(), white);
    StringBuilder heard = new StringBuilder(white);
    String said = white + rest;
    for (int at = 0; at < said.length(); at += size) {
      chunk.content.setLength(0);
      chunk.content.append(said, at, Math.min(said.length(), at + size));
      heard.append(stitch.fresh(chunk));
    }
    assertThat(heard.toString()).isEqualTo(white + rest);
  }

  @Property(tries = 500)
  void textBehindOtherWhiteSpace_isKeptWhole(
      @ForAll @Chars({' ', '\n'}) @StringLength(max = 4) String white,
      @ForAll @Chars({' ', '\n', 'x'}) @StringLength(max = 8) String said) {
    Stitch stitch = new Stitch(new Transcript(), white);
    chunk.content.setLength(0);
    chunk.content.append(said);
    String heard = stitch.fresh(chunk).toString();
    assertThat(said).endsWith(heard);
    assertThat(white).startsWith(said.substring(0, said.length() - heard.length()));
  }
}
