/** How requests go out: connections, timeouts, cancellation, the streamed answer. */
@NullMarked
package dev.caravan.upstream;

import org.jspecify.annotations.NullMarked;
