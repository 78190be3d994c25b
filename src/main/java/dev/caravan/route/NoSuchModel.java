package dev.caravan.route;

/** No pool serves the model that a request names. Carries no stack trace. */
final class NoSuchModel extends Exception {
  private static final long serialVersionUID = 1L;

  NoSuchModel() {
    super("no pool serves the model that was asked for", null, false, false);
  }
}
