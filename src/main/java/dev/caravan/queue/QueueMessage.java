package dev.caravan.queue;

import io.netty.buffer.ByteBuf;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message as a broker delivered it, the same for every kind of broker. Immutable. Its body is an
 * unpooled heap buffer, which needs no release; nobody may change it or its indexes.
 *
 * @param body its bytes as they came
 * @param key what the broker keeps in order or together: a Kafka record's key, an AMQP group id
 * @param headers its headers or properties of text, numbers and truth values as text, by names in
 *     lower case in which {@code _} has become {@code -}; never those that the broker or its client
 *     library made up. Values may hold anything
 * @param origin for the operator: where exactly it was, such as {@code jobs-3@42}
 * @param timeMillis when it was sent, by the wall clock of whoever sent it; -1 where nobody said
 * @param expiresMillis when its broker would drop it, by the wall clock; -1 for never
 * @param deliveries how often the broker has delivered it, this time included, from 1, as far as it
 *     counts
 * @param priority from 0 to 9, 9 first; -1 where the broker has none
 * @param replyTo the queue or topic that its sender wants the answer in
 * @param correlationId what its sender knows it by
 */
public record QueueMessage(
    ByteBuf body,
    @Nullable String key,
    Map<String, String> headers,
    String origin,
    long timeMillis,
    long expiresMillis,
    int deliveries,
    int priority,
    @Nullable String replyTo,
    @Nullable String correlationId) {}
