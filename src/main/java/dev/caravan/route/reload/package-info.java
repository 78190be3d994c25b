/** Changed routes take the place of running ones in one step, without a lost request. */
@NullMarked
package dev.caravan.route.reload;

import org.jspecify.annotations.NullMarked;
