/** Jobs from Kafka: many in flight of a partition, and commits in order all the same. */
@NullMarked
package dev.caravan.queue.kafka;

import org.jspecify.annotations.NullMarked;
