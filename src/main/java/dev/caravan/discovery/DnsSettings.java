package dev.caravan.discovery;

import java.net.InetSocketAddress;
import java.util.List;

/**
 * How names are asked for.
 *
 * @param servers the name servers; empty for those of the system
 * @param minTtlMillis how long an answer holds at least, from 100
 * @param maxTtlMillis and at most, not less
 * @param timeoutMillis for each name server
 * @param emptyAnswers how many answers in a row must say that there is nobody, until that is
 *     believed; from 1
 */
public record DnsSettings(
    List<InetSocketAddress> servers,
    long minTtlMillis,
    long maxTtlMillis,
    long timeoutMillis,
    int emptyAnswers) {

  public DnsSettings {
    servers = List.copyOf(servers);
    if (minTtlMillis < 100 || maxTtlMillis < minTtlMillis) {
      throw new IllegalArgumentException(
          "min-ttl must be at least 100ms, and max-ttl not less than it");
    }
    if (timeoutMillis < 1 || emptyAnswers < 1) {
      throw new IllegalArgumentException("timeout must be at least 1ms, and empty-answers 1");
    }
  }
}
