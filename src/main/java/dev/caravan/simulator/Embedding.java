package dev.caravan.simulator;

import dev.caravan.time.Chance;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** A vector of length 1 that depends on a text alone, so that equal texts have equal vectors. */
final class Embedding {

  /** Dimensions where the client does not say; those of BERT-base and its descendants. */
  static final int DEFAULT_DIMENSIONS = 768;

  private Embedding() {}

  static float[] of(String text, int dimensions, long seed) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    Chance chance = Chance.seeded(PromptBlocks.digest(utf8, seed));
    float[] vector = new float[dimensions];
    double squares = 0;
    for (int i = 0; i < dimensions; i++) {
      vector[i] = (float) (chance.unit() * 2 - 1);
      squares += (double) vector[i] * vector[i];
    }
    float length = (float) Math.sqrt(squares);
    for (int i = 0; i < dimensions; i++) {
      vector[i] = length == 0 ? 1 : vector[i] / length;
    }
    return vector;
  }

  /** As a JSON list of numbers. */
  static String floats(float[] vector) {
    StringBuilder json = new StringBuilder(vector.length * 12).append('[');
    for (int i = 0; i < vector.length; i++) {
      json.append(i == 0 ? "" : ",").append(vector[i]);
    }
    return json.append(']').toString();
  }

  /** As OpenAI's base64: the numbers as little-endian float32, in quotes. */
  static String base64(float[] vector) {
    ByteBuffer bytes =
        ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float one : vector) {
      bytes.putFloat(one);
    }
    return '"' + Base64.getEncoder().encodeToString(bytes.array()) + '"';
  }
}
