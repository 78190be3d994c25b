/** Who asks: tenants, and what they may. */
@NullMarked
package dev.caravan.tenant;

import org.jspecify.annotations.NullMarked;
