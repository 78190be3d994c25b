/** The only door for clocks and randomness; everything else is handed what it needs from here. */
@NullMarked
package dev.caravan.time;

import org.jspecify.annotations.NullMarked;
