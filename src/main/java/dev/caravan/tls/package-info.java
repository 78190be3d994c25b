/** TLS on both sides: what the entries of the registry hold now, and handlers that speak it. */
@NullMarked
package dev.caravan.tls;

import org.jspecify.annotations.NullMarked;
