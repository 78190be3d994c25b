/** The dashboard in a real Chromium, fed by a scripted gateway. */
@NullMarked
package dev.caravan.dashboard;

import org.jspecify.annotations.NullMarked;
