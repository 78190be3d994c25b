package dev.caravan.simulator;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One request that a simulated server received, and what became of it. Safe for any thread.
 *
 * <p>Whoever reads {@link #body} must not change it.
 */
public final class ReceivedRequest {

  /** How a request stands. */
  public enum End {
    /** No end yet. */
    OPEN,
    /** Answered as it should be. */
    FINISHED,
    /** Answered with an error, or a fault spoiled the answer. */
    FAILED,
    /** The client left before the end. */
    ABORTED
  }

  private final String method;
  private final String path;
  private final List<Map.Entry<String, String>> headers;
  private final byte[] body;
  private final long connectionId;
  private final long receivedAtNanos;
  private volatile End end = End.OPEN;
  private long[] emittedAtNanos = {};
  private int emitted;

  ReceivedRequest(
      String method,
      String path,
      List<Map.Entry<String, String>> headers,
      byte[] body,
      long connectionId,
      long receivedAtNanos) {
    this.method = method;
    this.path = path;
    this.headers = List.copyOf(headers);
    this.body = body;
    this.connectionId = connectionId;
    this.receivedAtNanos = receivedAtNanos;
  }

  public String method() {
    return method;
  }

  /** The path as it came, with its query if there was one. */
  public String path() {
    return path;
  }

  /** All headers in the order and spelling in which they came. */
  public List<Map.Entry<String, String>> headers() {
    return headers;
  }

  /** The first header of that name, in any case. */
  public Optional<String> header(String name) {
    return headers.stream()
        .filter(header -> header.getKey().equalsIgnoreCase(name))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  public byte[] body() {
    return body;
  }

  /** The body as UTF-8. */
  public String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  /** The connection it came on, counted from 1: equal numbers mean that it was kept alive. */
  public long connectionId() {
    return connectionId;
  }

  /** The ticker's time at which its last byte had come. */
  public long receivedAtNanos() {
    return receivedAtNanos;
  }

  /** The ticker's time at which each token of the stream was written, in order. */
  public synchronized long[] emittedAtNanos() {
    return Arrays.copyOf(emittedAtNanos, emitted);
  }

  public End end() {
    return end;
  }

  synchronized void emitted(long atNanos) {
    if (emitted == emittedAtNanos.length) {
      emittedAtNanos = Arrays.copyOf(emittedAtNanos, Math.max(16, emitted * 2));
    }
    emittedAtNanos[emitted++] = atNanos;
  }

  void ended(End how) {
    end = how;
  }

  @Override
  public String toString() {
    return method + " " + path + " " + body.length + " bytes, " + end;
  }
}
