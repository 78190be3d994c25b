/** Resumption: an answer whose server dies in mid-stream goes on from another server. */
@NullMarked
package dev.caravan.resume;

import org.jspecify.annotations.NullMarked;
