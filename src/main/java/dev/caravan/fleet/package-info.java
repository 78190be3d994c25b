/** Model servers and their live numbers. */
@NullMarked
package dev.caravan.fleet;

import org.jspecify.annotations.NullMarked;
