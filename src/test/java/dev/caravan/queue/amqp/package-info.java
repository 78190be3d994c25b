@NullMarked
package dev.caravan.queue.amqp;

import org.jspecify.annotations.NullMarked;
