/** The whole gateway over real sockets: what clients see and what model servers see. */
@NullMarked
package dev.caravan.e2e;

import org.jspecify.annotations.NullMarked;
