/** What tests of several packages share. */
@NullMarked
package dev.caravan.testing;

import org.jspecify.annotations.NullMarked;
