/**
 * Whether the gateway itself can take more: measured on its event loops, its memory, its counts.
 */
@NullMarked
package dev.caravan.admission;

import org.jspecify.annotations.NullMarked;
