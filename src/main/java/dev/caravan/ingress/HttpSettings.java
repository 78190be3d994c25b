package dev.caravan.ingress;

import java.util.Set;

/**
 * The limits of the inference port.
 *
 * @param maxBody the largest request body in bytes
 * @param maxLine the longest request line in bytes
 * @param maxHead the most bytes that a request's headers may have together
 * @param headMillis how long a client may take to send a head, from its first byte
 * @param bodyMillis how long it may take to send a body
 * @param idleMillis how long a connection may stay open between requests
 * @param writeMillis how long a client may take to accept what is waiting for it
 * @param passHeaders names of the request headers that enter the exchange and go upstream
 * @param maxTimeoutMillis the longest time that a request may allow for itself
 * @param explain whether clients may learn why a request is sent where it is
 * @param open whether others than this machine may ask where no credentials are asked for
 */
public record HttpSettings(
    int maxBody,
    int maxLine,
    int maxHead,
    long headMillis,
    long bodyMillis,
    long idleMillis,
    long writeMillis,
    Set<String> passHeaders,
    long maxTimeoutMillis,
    boolean explain,
    boolean open) {

  public HttpSettings {
    passHeaders = Set.copyOf(passHeaders);
  }
}
