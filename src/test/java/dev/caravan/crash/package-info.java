/** The gateway is killed while jobs flow, and no job is lost. */
@NullMarked
package dev.caravan.crash;

import org.jspecify.annotations.NullMarked;
