package dev.caravan.request;

import io.netty.buffer.ByteBuf;

/**
 * One request for inference: what routing needs of it, and its body as it came. Immutable; the body
 * is only lent to it, whoever made the request keeps the reference count.
 */
public final class InferenceRequest {
  private final Api api;
  private final ByteBuf body;
  private final String model;
  private final int modelStart;
  private final int modelEnd;
  private final boolean stream;
  private final boolean includeUsage;
  private final int maxTokens;
  private final int promptBytes;
  private final long promptDigest;
  private final ConversationKeys conversation;

  InferenceRequest(
      Api api,
      ByteBuf body,
      String model,
      int modelStart,
      int modelEnd,
      boolean stream,
      boolean includeUsage,
      int maxTokens,
      int promptBytes,
      long promptDigest,
      ConversationKeys conversation) {
    this.api = api;
    this.body = body;
    this.model = model;
    this.modelStart = modelStart;
    this.modelEnd = modelEnd;
    this.stream = stream;
    this.includeUsage = includeUsage;
    this.maxTokens = maxTokens;
    this.promptBytes = promptBytes;
    this.promptDigest = promptDigest;
    this.conversation = conversation;
  }

  public Api api() {
    return api;
  }

  /** The model that the client named. */
  public String model() {
    return model;
  }

  /** Whether the answer is wanted as server-sent events. */
  public boolean stream() {
    return stream;
  }

  /** Whether the client asked for {@code stream_options.include_usage}. */
  public boolean includeUsage() {
    return includeUsage;
  }

  /** The most output tokens that the client wants, or -1 where it did not say. */
  public int maxTokens() {
    return maxTokens;
  }

  /** The size of the prompt field's JSON, in bytes. */
  public int promptBytes() {
    return promptBytes;
  }

  /** A 64-bit digest of the prompt field's JSON as written; equal prompts have equal digests. */
  public long promptDigest() {
    return promptDigest;
  }

  public ConversationKeys conversation() {
    return conversation;
  }

  /**
   * The body as it came. The caller must not change its indexes or release it; use {@link
   * #bodyFor}.
   */
  public ByteBuf body() {
    return body;
  }

  /**
   * The body to send to a server that knows the model by {@code upstreamModel}: byte for byte the
   * client's where that is the client's own name, otherwise with only the value of {@code model}
   * replaced. No byte of the rest is copied.
   *
   * @return a buffer that the caller must release
   */
  public ByteBuf bodyFor(String upstreamModel) {
    if (upstreamModel.equals(model)) {
      return body.retainedDuplicate();
    }
    return BodyPatch.replace(body, modelStart, modelEnd, upstreamModel);
  }
}
