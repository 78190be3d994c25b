package dev.caravan.request;

import org.jspecify.annotations.Nullable;

/**
 * A request that cannot be served because of what it says. The message is for the client: short,
 * true, and free of the client's own text. Carries no stack trace.
 */
public final class InvalidRequest extends Exception {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final @Nullable String param;
  private final @Nullable String code;

  /**
   * @param status the HTTP status to answer with, 400 to 499
   * @param param the body's field at fault, if it is one field
   * @param code a machine-readable code as OpenAI spells them ({@code model_not_found}), if any
   */
  public InvalidRequest(int status, String message, @Nullable String param, @Nullable String code) {
    super(message, null, false, false);
    this.status = status;
    this.param = param;
    this.code = code;
  }

  /** A request whose body is at fault: status 400. */
  static InvalidRequest badRequest(String message, @Nullable String param, @Nullable String code) {
    return new InvalidRequest(400, message, param, code);
  }

  public int status() {
    return status;
  }

  public @Nullable String param() {
    return param;
  }

  public @Nullable String code() {
    return code;
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
