/** Traces of requests and jobs, recorded and exported by OpenTelemetry's SDK. */
@NullMarked
package dev.caravan.tracing;

import org.jspecify.annotations.NullMarked;
