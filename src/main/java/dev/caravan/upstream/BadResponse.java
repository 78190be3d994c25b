package dev.caravan.upstream;

/** Bytes from a server that are not an answer we can relay. The message is for the operator. */
final class BadResponse extends Exception {
  private static final long serialVersionUID = 1L;

  BadResponse(String message) {
    super(message, null, false, false);
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
