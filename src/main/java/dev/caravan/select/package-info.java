/**
 * Filter, score, pick: which server gets a request, decided from a snapshot of the fleet's numbers.
 *
 * <p>{@link dev.caravan.select.Filter} says who may, {@link dev.caravan.select.Scorer} what each
 * costs, {@link dev.caravan.select.Picker} who gets it; none knows the others. {@link
 * dev.caravan.select.Balancers} names the rows that compose them.
 */
@NullMarked
package dev.caravan.select;

import org.jspecify.annotations.NullMarked;
