package dev.caravan.request;

import org.jspecify.annotations.Nullable;

/**
 * What a request's body says about the conversation it belongs to, as the client wrote it. Values
 * longer than {@link #MAX_LENGTH} characters are cut.
 */
public record ConversationKeys(
    @Nullable String promptCacheKey,
    @Nullable String previousResponseId,
    @Nullable String conversation,
    @Nullable String metadataUserId,
    @Nullable String user) {

  /** Chosen without experiment: four times a UUID with a long prefix. */
  public static final int MAX_LENGTH = 256;

  /** A request that names no conversation. */
  public static final ConversationKeys NONE = new ConversationKeys(null, null, null, null, null);
}
