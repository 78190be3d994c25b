/** What a pool may spend beside its clients' own requests: retries and hedges, by share. */
@NullMarked
package dev.caravan.admission;

import org.jspecify.annotations.NullMarked;
