/**
 * Replays a trace of requests in virtual time: the production choice of a server against the
 * simulator's engines.
 */
@NullMarked
package dev.caravan.replay;

import org.jspecify.annotations.NullMarked;
