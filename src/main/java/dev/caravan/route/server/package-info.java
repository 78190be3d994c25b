/** The model servers that routes name, one by one or as groups that are found. */
@NullMarked
package dev.caravan.route.server;

import org.jspecify.annotations.NullMarked;
