/** Simulated model servers: the demo fleet and the servers of the tests. */
@NullMarked
package dev.caravan.simulator;

import org.jspecify.annotations.NullMarked;
