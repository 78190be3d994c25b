package dev.caravan.tracing;

import java.util.Map;

/**
 * How traces are taken and where they go. Immutable.
 *
 * @param endpoint takes OTLP over HTTP, as protobuf: a URL with its path
 * @param headers sent along, such as a key for it; never shown
 * @param sample the share of requests that begin their trace here and are recorded, from 0 to 1
 * @param trustParent whether what a client says of its trace decides, and is the parent
 * @param service the name of this gateway in the traces
 * @param queue spans that may wait for their export; more are dropped and counted
 * @param timeoutMillis how long one export may take
 */
public record TracingOptions(
    String endpoint,
    Map<String, String> headers,
    double sample,
    boolean trustParent,
    String service,
    int queue,
    long timeoutMillis) {

  public TracingOptions {
    if (!(sample >= 0 && sample <= 1)) {
      throw new IllegalArgumentException("sample: " + sample + "; it must be from 0 to 1");
    }
    if (queue < 1) {
      throw new IllegalArgumentException("queue: " + queue + "; it must be from 1");
    }
    if (timeoutMillis < 1) {
      throw new IllegalArgumentException("timeout: it must be more than 0");
    }
    headers = Map.copyOf(headers);
  }
}
