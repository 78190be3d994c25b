/** How one of the eligible servers is chosen. */
@NullMarked
package dev.caravan.select.pick;

import org.jspecify.annotations.NullMarked;
