/** How work comes in from queues: a message is a job, which a pool answers, and nothing is lost. */
@NullMarked
package dev.caravan.queue;

import org.jspecify.annotations.NullMarked;
