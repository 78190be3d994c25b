package dev.caravan.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Against the JDK's own strict decoder. */
class Utf8Test {

  @Test
  void firstInvalid_ofEveryPairOfBytes_agreesWithTheJdk() {
    byte[] bytes = new byte[2];
    for (int pair = 0; pair < 1 << 16; pair++) {
      bytes[0] = (byte) (pair >>> 8);
      bytes[1] = (byte) pair;
      assertAgrees(bytes);
    }
  }

  @Test
  void firstInvalid_ofEveryLeadAndSecondByteOfLongForms_agreesWithTheJdk() {
    for (int pair = 0xE000; pair < 1 << 16; pair++) {
      byte lead = (byte) (pair >>> 8);
      byte second = (byte) pair;
      for (int third : new int[] {0x7F, 0x80, 0xBF, 0xC0}) {
        assertAgrees(new byte[] {lead, second, (byte) third});
        for (int fourth : new int[] {0x7F, 0x80, 0xBF, 0xC0}) {
          assertAgrees(new byte[] {lead, second, (byte) third, (byte) fourth});
        }
      }
    }
  }

  @Test
  void firstInvalid_ofEveryCharacter_isNone() {
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
        byte[] bytes = ("0123456" + Character.toString(c)).getBytes(StandardCharsets.UTF_8);
        assertAgrees(bytes);
      }
    }
  }

  @Test
  void firstInvalid_ofLongTextWithOneWrongByte_isItsPlace() {
    Random random = new Random(7);
    byte[] text =
        "ASCII words, Grüße, 你好, 🐫 and more ASCII words"
            .repeat(3)
            .getBytes(StandardCharsets.UTF_8);
    for (int round = 0; round < 2000; round++) {
      byte[] bytes = text.clone();
      int at = random.nextInt(bytes.length);
      bytes[at] = (byte) 0xFF;
      int found = Utf8.firstInvalid(bytes, 0, bytes.length);
      assertThat(found).isBetween(at - 3, at);
      assertThat(Utf8.firstInvalid(bytes, 0, found)).isEqualTo(-1);
    }
  }

  private static void assertAgrees(byte[] bytes) {
    boolean valid;
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      valid = true;
    } catch (CharacterCodingException e) {
      valid = false;
    }
    if (Utf8.firstInvalid(bytes, 0, bytes.length) < 0 != valid) {
      fail("valid for the JDK: %s, bytes: %s", valid, HexFormat.of().formatHex(bytes));
    }
  }
}
