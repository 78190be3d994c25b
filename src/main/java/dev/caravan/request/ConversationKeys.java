package dev.caravan.request;

import org.jspecify.annotations.Nullable;

/**
 * What a request's body says about the conversation it belongs to, as the client wrote it. Values
 * longer than {@link #MAX_LENGTH} UTF-16 units are cut, never inside a surrogate pair; an unpaired
 * surrogate is replaced by U+FFFD. A field that is absent, or that is no string, is null.
 *
 * @param promptCacheKey {@code prompt_cache_key}
 * @param previousResponseId {@code previous_response_id}
 * @param conversation {@code conversation}, or the {@code id} in it where it is an object
 * @param metadataUserId {@code user_id} in {@code metadata}
 * @param user {@code user}
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
