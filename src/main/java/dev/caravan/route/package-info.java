/** What Camel sees: pools, model servers, balancers, the circuit breaker, probes, errors. */
@NullMarked
package dev.caravan.route;

import org.jspecify.annotations.NullMarked;
