package dev.caravan.request;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class XxHash64Test {

  /** Values of the reference implementation (python-xxhash 3, xxh64, seed 0). */
  @ParameterizedTest
  @CsvSource({
    "'', ef46db3751d8e999",
    "a, d24ec4f1a98c6e5b",
    "abc, 44bc2cf5ad770999",
    "0123456789abcdef0123456789ABCDEF, 98d3056e7ebaa6fe",
    "Nobody inspects the spammish repetition, fbcea83c8a378bf1",
  })
  void hash_ofKnownText_isTheReferenceValue(String text, String hash) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);

    assertThat(Long.toHexString(XxHash64.hash(bytes, 0, bytes.length))).isEqualTo(hash);
  }

  @Test
  void hash_ofEveryKindOfTail_isTheReferenceValue() {
    assertThat(Long.toHexString(XxHash64.hash(counting(101), 0, 101)))
        .isEqualTo("e99038495f85381e");
  }

  @Test
  void hash_anywhereInAnArray_isTheSame() {
    byte[] bytes = counting(101);
    byte[] shifted = new byte[200];
    System.arraycopy(bytes, 0, shifted, 37, bytes.length);

    assertThat(XxHash64.hash(shifted, 37, 37 + 101)).isEqualTo(XxHash64.hash(bytes, 0, 101));
  }

  @Test
  void hash_withAnyBitFlipped_differs() {
    byte[] bytes = counting(75);
    Set<Long> hashes = new HashSet<>();
    hashes.add(XxHash64.hash(bytes, 0, bytes.length));
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit / 8] ^= (byte) (1 << (bit % 8));
      hashes.add(XxHash64.hash(bytes, 0, bytes.length));
      bytes[bit / 8] ^= (byte) (1 << (bit % 8));
    }

    assertThat(hashes).hasSize(1 + bytes.length * 8);
  }

  private static byte[] counting(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) i;
    }
    return bytes;
  }
}
