/** The truth about a server: probes, breakers, ejection and return. */
@NullMarked
package dev.caravan.health;

import org.jspecify.annotations.NullMarked;
