/** The {@code jobs:} endpoints, where jobs of brokers enter the queue and leave it to be tried. */
@NullMarked
package dev.caravan.route.jobs;

import org.jspecify.annotations.NullMarked;
