package dev.caravan.simulator;

import org.jspecify.annotations.Nullable;

/** A request that the simulated server answers with an error, worded as vLLM words it. */
final class Refusal extends Exception {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String type;
  private final @Nullable String param;

  private Refusal(int status, String type, String message, @Nullable String param) {
    super(message, null, false, false);
    this.status = status;
    this.type = type;
    this.param = param;
  }

  /** What FastAPI's validation finds, before vLLM's own code runs. */
  static Refusal invalid(String message) {
    return new Refusal(400, "Bad Request", message, null);
  }

  /** What vLLM's own code finds. */
  static Refusal badRequest(String message, @Nullable String param) {
    return new Refusal(400, "BadRequestError", message, param);
  }

  static Refusal unknownModel(String model) {
    return new Refusal(404, "NotFoundError", "The model `" + model + "` does not exist.", "model");
  }

  int status() {
    return status;
  }

  /** The body of the answer. */
  String json() {
    return OpenAiWire.error(status, type, String.valueOf(getMessage()), param);
  }
}
