/** What may be written at the endpoints and breakers of a route: names, ranges, defaults, units. */
@NullMarked
package dev.caravan.route.parameter;

import org.jspecify.annotations.NullMarked;
