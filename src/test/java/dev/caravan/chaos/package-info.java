/**
 * The chaos suite: model servers as processes of their own, steady load, and a seeded schedule of
 * everything that goes wrong with them.
 */
@NullMarked
package dev.caravan.chaos;

import org.jspecify.annotations.NullMarked;
