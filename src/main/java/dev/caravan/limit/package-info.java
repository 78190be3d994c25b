/** How much a tenant may use, and a pool be used: reserved at admission, settled at the end. */
@NullMarked
package dev.caravan.limit;

import org.jspecify.annotations.NullMarked;
