package dev.caravan.queue;

import io.netty.buffer.ByteBuf;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message that is to be sent: an answer, a part of one, or a dead letter. Immutable. Its body is
 * an unpooled heap buffer, which needs no release; nobody may change it or its indexes.
 *
 * @param destination the queue or topic
 * @param key as {@link QueueMessage#key}
 * @param headers its headers or properties: lower-case names with {@code -} in them
 * @param contentType what the bytes are; null where nobody knows
 */
public record Outgoing(
    ByteBuf body,
    String destination,
    @Nullable String key,
    Map<String, String> headers,
    @Nullable String correlationId,
    @Nullable String contentType) {}
