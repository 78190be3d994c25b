package dev.caravan.request;

/** The inference operations that a pool can serve. */
public enum Api {
  CHAT_COMPLETIONS("/v1/chat/completions", "chat", "messages"),
  COMPLETIONS("/v1/completions", "text_completion", "prompt"),
  EMBEDDINGS("/v1/embeddings", "embeddings", "input"),
  /** Answers are stored by the server, so that a next request can go on with one. */
  RESPONSES("/v1/responses", "chat", "input");

  private final String path;
  private final String operation;
  private final String promptField;

  Api(String path, String operation, String promptField) {
    this.path = path;
    this.operation = operation;
    this.promptField = promptField;
  }

  /** The path, as clients and OpenAI-compatible model servers spell it. */
  public String path() {
    return path;
  }

  /** The value of OpenTelemetry's {@code gen_ai.operation.name}. */
  public String operation() {
    return operation;
  }

  /** The body's field that holds the prompt. */
  public String promptField() {
    return promptField;
  }
}
