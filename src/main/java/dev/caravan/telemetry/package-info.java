/** Meter names and units, and the access log. */
@NullMarked
package dev.caravan.telemetry;

import org.jspecify.annotations.NullMarked;
