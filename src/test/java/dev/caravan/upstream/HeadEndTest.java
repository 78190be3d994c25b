package dev.caravan.upstream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class HeadEndTest {

  private static int find(String text) {
    // Not at index 0: what counts is the distance from the reader's index.
    ByteBuf in = Unpooled.copiedBuffer("\r\n\r" + text, ISO_8859_1).skipBytes(3);
    try {
      int found = HeadEnd.find(in);
      assertThat(in.readerIndex()).isEqualTo(3);
      return found;
    } finally {
      in.release();
    }
  }

  @Test
  void find_endAtEveryPlace_isFound() {
    for (int before = 0; before < 40; before++) {
      for (int after = 0; after < 5; after++) {
        String text = "x".repeat(before) + "\r\n\r\n" + "y".repeat(after);
        assertThat(find(text)).isEqualTo(before + 4);
      }
    }
  }

  @Test
  void find_partOfAnEnd_isNone() {
    for (String text :
        new String[] {"", "\r", "\r\n", "\r\n\r", "\n\r\n", "\n\n\n\n", "\r\r\r\r"}) {
      assertThat(find(text)).isEqualTo(-1);
      assertThat(find("x" + text + "x")).isEqualTo(-1);
    }
  }

  @Property(tries = 3000)
  void find_anything_agreesWithIndexOf(@ForAll("heads") String text) {
    int index = text.indexOf("\r\n\r\n");
    assertThat(find(text)).isEqualTo(index < 0 ? -1 : index + 4);
  }

  @Provide
  Arbitrary<String> heads() {
    return Arbitraries.strings().withChars('\r', '\n', 'x').ofMaxLength(40);
  }
}
