/** What a server costs, as a number from 0 to 1. */
@NullMarked
package dev.caravan.select.score;

import org.jspecify.annotations.NullMarked;
