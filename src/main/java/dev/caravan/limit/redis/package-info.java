/** What is used of limits, shared between gateways through Redis. */
@NullMarked
package dev.caravan.limit.redis;

import org.jspecify.annotations.NullMarked;
