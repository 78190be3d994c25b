/** Filter, score, pick: a pure function of a request and a snapshot of the fleet. */
@NullMarked
package dev.caravan.select;

import org.jspecify.annotations.NullMarked;
