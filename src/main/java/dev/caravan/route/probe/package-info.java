/** What model servers are asked without a client: prompts, health checks, metrics. */
@NullMarked
package dev.caravan.route.probe;

import org.jspecify.annotations.NullMarked;
