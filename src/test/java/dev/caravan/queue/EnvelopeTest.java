package dev.caravan.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.request.Api;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The envelope around a request. */
class EnvelopeTest {

  private static ByteBuf bytes(String text) {
    return Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void body_isTheBytesThatCame() throws Poison {
    String body = "{ \"model\" : \"m\", \"x\": [1, {\"é\": \"}\"}] }";
    Envelope read =
        Envelope.read(
            bytes(
                " {\"url\":\"/v1/embeddings\", \"body\" : "
                    + body
                    + " , \"custom_id\":\"a\\u0062\", \"method\":\"POST\", \"more\":[{}]}\n"),
            null);
    assertThat(read.body().toString(StandardCharsets.UTF_8)).isEqualTo(body);
    assertThat(read.customId()).isEqualTo("ab");
    assertThat(read.api()).isEqualTo(Api.EMBEDDINGS);
  }

  @Test
  void slice_thatDoesNotBeginAtTheArray_isReadWhereItIs() throws Poison {
    String line = "{\"custom_id\":\"a\",\"url\":\"/v1/completions\",\"body\":{\"model\":\"m\"}}";
    ByteBuf behind = bytes("##" + line + "##").slice(2, line.length());
    assertThat(Envelope.read(behind, null).body().toString(StandardCharsets.UTF_8))
        .isEqualTo("{\"model\":\"m\"}");
  }

  @Test
  void bareRequest_isItsOwnBody_whereItMayBe() throws Poison {
    ByteBuf bare = bytes("{\"model\":\"m\",\"body\":{\"of\":\"the user\"}}");
    assertThat(Envelope.read(bare, Api.COMPLETIONS).body()).isEqualTo(bare);
    assertThat(Envelope.read(bare, Api.COMPLETIONS).api()).isEqualTo(Api.COMPLETIONS);
    // Without the permission its "body" is taken for that of an envelope.
    assertThatThrownBy(() -> Envelope.read(bare, null)).hasMessageContaining("url is missing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "null",
        "\"text\"",
        "{",
        "{\"body\":{}",
        "{\"url\":\"/v1/completions\",\"body\":[]}",
        "{\"url\":\"/v1/completions\",\"body\":null}",
        "{\"url\":null,\"body\":{}}",
        "{\"url\":\"/v1/completions\",\"url\":\"/v1/completions\",\"body\":{}}",
        "{\"url\":\"/v1/completions\",\"body\":{\"a\":NaN}}"
      })
  void anythingElse_isPoison(String message) {
    assertThatThrownBy(() -> Envelope.read(bytes(message), null))
        .isInstanceOf(Poison.class)
        .satisfies(
            poison ->
                assertThat(((Poison) poison).reason()).isEqualTo(Poison.Reason.INVALID_MESSAGE));
  }

  @Test
  void nestedTooDeep_isPoison() {
    String deep = "{\"body\":".repeat(200) + "{}" + "}".repeat(200);
    assertThatThrownBy(() -> Envelope.read(bytes(deep), null)).isInstanceOf(Poison.class);
  }

  @Property(tries = 500)
  void anyBytes_areReadOrPoison(@ForAll @Size(max = 200) byte[] noise) {
    try {
      Envelope.read(Unpooled.wrappedBuffer(noise), Api.CHAT_COMPLETIONS);
    } catch (Poison poison) {
      assertThat(poison.detail()).isNotBlank();
    }
  }
}
