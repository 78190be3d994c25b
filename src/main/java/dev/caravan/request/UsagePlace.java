package dev.caravan.request;

/**
 * Where in a body it can be said that usage is wanted, and in which words.
 *
 * @param start offset of the first byte that goes, from the body's first
 * @param end offset behind the last; the same where only something is put in
 * @param words what to put there; in ASCII
 */
record UsagePlace(int start, int end, String words) {
  /** In a body without {@code stream_options}, behind the value that ends there. */
  static UsagePlace behind(int value) {
    return new UsagePlace(value, value, ",\"stream_options\":{\"include_usage\":true}");
  }

  /** Instead of {@code "stream_options": null}. */
  static UsagePlace options(int start) {
    return new UsagePlace(start, start + 4, "{\"include_usage\":true}");
  }

  /**
   * First in the options that begin there.
   *
   * @param alone whether there is no other member
   */
  static UsagePlace first(int brace, boolean alone) {
    return new UsagePlace(
        brace + 1, brace + 1, alone ? "\"include_usage\":true" : "\"include_usage\":true,");
  }

  /** Instead of a value that is not true. */
  static UsagePlace value(int start, boolean isFalse) {
    return new UsagePlace(start, start + (isFalse ? 5 : 4), "true");
  }
}
