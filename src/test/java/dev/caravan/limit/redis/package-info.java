@NullMarked
package dev.caravan.limit.redis;

import org.jspecify.annotations.NullMarked;
