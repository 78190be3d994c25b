package dev.caravan.route.file;

/**
 * One thing that is wrong in a route file. Immutable.
 *
 * @param file as messages call it
 * @param line from 1
 * @param where the endpoint or step at fault, such as {@code model:gpu-a} or {@code loadBalance};
 *     empty for the file as a whole
 * @param message what is wrong and what would be accepted, in one sentence
 */
public record RouteFileError(String file, int line, String where, String message) {

  /** As a compiler prints it: {@code routes/llama.yaml:14: model:gpu-a: weight … }. */
  @Override
  public String toString() {
    return file + ":" + line + ": " + (where.isEmpty() ? "" : where + ": ") + message;
  }
}
