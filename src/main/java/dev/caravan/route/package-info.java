/** What a request meets in Camel: its pool, a balancer, a breaker, a model server, or an error. */
@NullMarked
package dev.caravan.route;

import org.jspecify.annotations.NullMarked;
