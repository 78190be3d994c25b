/** How requests come in: the HTTP pipeline, the protocol of each API, the relay. */
@NullMarked
package dev.caravan.ingress;

import org.jspecify.annotations.NullMarked;
