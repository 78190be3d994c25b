/**
 * Whether something more may run: whether the gateway itself can take another request, and what a
 * pool may spend on retries and hedges beside its clients' own requests.
 */
@NullMarked
package dev.caravan.admission;

import org.jspecify.annotations.NullMarked;
