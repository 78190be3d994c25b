/**
 * How jobs come from AMQP 1.0 queues: Camel's {@code amqp}, with messages acknowledged one by one.
 */
@NullMarked
package dev.caravan.queue.amqp;

import org.jspecify.annotations.NullMarked;
