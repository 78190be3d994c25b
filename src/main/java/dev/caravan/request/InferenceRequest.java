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

  /** The model that the client named: 1 to 256 UTF-16 units, no control characters. */
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

  /**
   * The most output tokens that the client wants: {@code max_completion_tokens}, else {@code
   * max_tokens}, from 0; -1 where it did not say.
   */
  public int maxTokens() {
    return maxTokens;
  }

  /** The size of the prompt field's JSON as written, in bytes; 0 where the body has no prompt. */
  public int promptBytes() {
    return promptBytes;
  }

  /**
   * A 64-bit digest (XXH64, seed 0) of the bytes of the prompt field's JSON as written; 0 where the
   * body has no prompt. Equal bytes have equal digests in every process; the same text with other
   * white space or escapes has another.
   *
   * <p>For cache affinity only. It is not cryptographic: a client can make two prompts that
   * collide, so equal digests must never decide what a client may see.
   */
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
