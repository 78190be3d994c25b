package dev.caravan.discovery;

import java.util.List;

/**
 * What name servers said to a question. Immutable.
 *
 * @param <T> what was asked for
 */
sealed interface DnsAnswer<T> {

  /**
   * Records.
   *
   * @param values at least one
   * @param ttlSeconds how long they hold: the shortest of all on the way to them
   */
  record Records<T>(List<T> values, long ttlSeconds) implements DnsAnswer<T> {}

  /** There is no such name, or it has no such record. */
  record Nothing<T>() implements DnsAnswer<T> {}

  /** No name server could say: none answered, or what they said was no answer. */
  record Failed<T>(String why) implements DnsAnswer<T> {}
}
