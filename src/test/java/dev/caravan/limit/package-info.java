@NullMarked
package dev.caravan.limit;

import org.jspecify.annotations.NullMarked;
