/** What was asked: parsed once, immutable. No input or output happens here. */
@NullMarked
package dev.caravan.request;

import org.jspecify.annotations.NullMarked;
