/** How a call ended, in types that say what may be learnt from it. */
@NullMarked
package dev.caravan.outcome;

import org.jspecify.annotations.NullMarked;
