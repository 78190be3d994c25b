/** Benchmarks of the road of a decision: {@code ./mvnw -Pjmh test}. */
package dev.caravan.speed;
