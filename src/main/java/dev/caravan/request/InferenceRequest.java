package dev.caravan.request;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One request for inference: what routing needs of it, and its body as it came. Immutable but for
 * {@link #prefix}, which is read late; the body is only lent to it, whoever made the request keeps
 * the reference count.
 */
public final class InferenceRequest {
  private final Api api;
  private final ByteBuf body;
  private final String model;
  private final int modelStart;
  private final int modelEnd;
  private final boolean stream;
  private final boolean includeUsage;
  private final @Nullable UsagePlace usagePlace;
  private final int maxTokens;
  private final int promptBytes;
  private final long promptDigest;
  private final ConversationKeys conversationKeys;
  private final PromptPlace promptPlace;
  private final Conversation conversation;
  private final long tenant;
  private final boolean background;

  // Read and written by the event loop that carries the request.
  private @Nullable PromptPrefix prefix;

  InferenceRequest(
      Api api,
      ByteBuf body,
      String model,
      int modelStart,
      int modelEnd,
      boolean stream,
      boolean includeUsage,
      @Nullable UsagePlace usagePlace,
      int maxTokens,
      int promptBytes,
      long promptDigest,
      ConversationKeys conversationKeys,
      PromptPlace promptPlace) {
    this.api = api;
    this.body = body;
    this.model = model;
    this.modelStart = modelStart;
    this.modelEnd = modelEnd;
    this.stream = stream;
    this.includeUsage = includeUsage;
    this.usagePlace = usagePlace;
    this.maxTokens = maxTokens;
    this.promptBytes = promptBytes;
    this.promptDigest = promptDigest;
    this.conversationKeys = conversationKeys;
    this.promptPlace = promptPlace;
    this.conversation = Conversation.NONE;
    this.tenant = 0;
    this.background = false;
  }

  private InferenceRequest(
      InferenceRequest of, Conversation conversation, long tenant, boolean background) {
    this.api = of.api;
    this.body = of.body;
    this.model = of.model;
    this.modelStart = of.modelStart;
    this.modelEnd = of.modelEnd;
    this.stream = of.stream;
    this.includeUsage = of.includeUsage;
    this.usagePlace = of.usagePlace;
    this.maxTokens = of.maxTokens;
    this.promptBytes = of.promptBytes;
    this.promptDigest = of.promptDigest;
    this.conversationKeys = of.conversationKeys;
    this.promptPlace = of.promptPlace;
    this.conversation = conversation;
    this.tenant = tenant;
    this.background = background;
    this.prefix = tenant == of.tenant ? of.prefix : null;
  }

  /** The same request as part of a conversation. */
  public InferenceRequest in(Conversation belongsTo) {
    return new InferenceRequest(this, belongsTo, tenant, background);
  }

  /**
   * The same request of a tenant: what it teaches about prefix caches is of use to that tenant
   * alone, so that nobody learns another's prompts from how fast an answer begins.
   *
   * @param id any 64 bits; 0 for nobody in particular
   */
  public InferenceRequest of(long id) {
    return new InferenceRequest(this, conversation, id, background);
  }

  /**
   * The same request as background work, or not: such work yields to interactive requests.
   *
   * @param yields whether it does
   */
  public InferenceRequest background(boolean yields) {
    return new InferenceRequest(this, conversation, tenant, yields);
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
   * The most output tokens that the client wants: {@code max_completion_tokens} or {@code
   * max_output_tokens}, else {@code max_tokens}, from 0; -1 where it did not say.
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

  /** What the body says of the conversation that it belongs to. */
  public ConversationKeys conversationKeys() {
    return conversationKeys;
  }

  /** What it belongs to, as ingress or the route found it out. */
  public Conversation conversation() {
    return conversation;
  }

  /** Whose it is; 0 for nobody in particular. */
  public long tenant() {
    return tenant;
  }

  /** Whether it is background work, which yields to interactive requests. */
  public boolean background() {
    return background;
  }

  /**
   * About how many tokens the prompt has, with its tools: as many as ids where it is of token ids,
   * otherwise a quarter of its bytes, and a fixed number for each picture and the like.
   */
  public int promptTokens() {
    return promptPlace.tokens();
  }

  /**
   * The prompt as prefix caches see it, with the tenant in every hash. Read from the body at the
   * first call, on the event loop that carries the request, and kept.
   */
  public PromptPrefix prefix() {
    PromptPrefix known = prefix;
    if (known == null) {
      known = RequestParser.prefix(body, promptPlace, promptBytes, model, tenant);
      prefix = known;
    }
    return known;
  }

  /**
   * The conversation that begins as this request's prompt does. Of messages everything up to the
   * end of the first one of role {@code user} counts, which stays as it is while the conversation
   * grows; of other prompts the first kibibyte. {@link Conversation#NONE} where there is no such
   * beginning, and for embeddings. Reads the body, at each call.
   */
  public Conversation opening() {
    return promptPlace.openingBytes() == 0
        ? Conversation.NONE
        : Conversation.ofHash(
            Conversation.Source.PROMPT,
            RequestParser.hash(body, promptPlace.start(), promptPlace.openingBytes()));
  }

  /**
   * The body as it came. The caller must not change its indexes or release it; use {@link
   * #bodyFor}.
   */
  public ByteBuf body() {
    return body;
  }

  /** Whether its answer is a stream that tells its cost only where that is asked for. */
  public boolean mayAskForUsage() {
    return stream && !includeUsage && (api == Api.CHAT_COMPLETIONS || api == Api.COMPLETIONS);
  }

  /** As {@link #bodyFor(String, boolean)}, without asking for anything more. */
  public ByteBuf bodyFor(String upstreamModel) {
    return bodyFor(upstreamModel, false);
  }

  /**
   * The body to send to a server that knows the model by {@code upstreamModel}: byte for byte the
   * client's where that is the client's own name, otherwise with only the value of {@code model}
   * replaced. No byte of the rest is copied.
   *
   * @param withUsage whether {@code stream_options.include_usage} is to be true as well, where it
   *     {@link #mayAskForUsage}
   * @return a buffer that the caller must release
   */
  public ByteBuf bodyFor(String upstreamModel, boolean withUsage) {
    BodyPatch.Edit name =
        upstreamModel.equals(model)
            ? null
            : BodyPatch.Edit.string(modelStart, modelEnd, upstreamModel);
    BodyPatch.Edit usage = withUsage && mayAskForUsage() ? askForUsage() : null;
    if (name != null) {
      return BodyPatch.apply(body, name, usage);
    }
    return usage != null ? BodyPatch.apply(body, usage, null) : body.retainedDuplicate();
  }

  private BodyPatch.Edit askForUsage() {
    UsagePlace place = usagePlace == null ? UsagePlace.behind(modelEnd) : usagePlace;
    return BodyPatch.Edit.ascii(place.start(), place.end(), place.words());
  }
}
