/** The management API: what an operator sees and does while traffic flows. */
@NullMarked
package dev.caravan.admin;

import org.jspecify.annotations.NullMarked;
