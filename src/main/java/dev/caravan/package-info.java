/** Where the parts are put together: the settings, the wiring, and what is said at start. */
@NullMarked
package dev.caravan;

import org.jspecify.annotations.NullMarked;
