package dev.caravan.tls;

import java.util.List;

/**
 * How an entry serves a port.
 *
 * @param clients whether clients show certificates
 * @param protocols what ALPN offers, the first being the best
 */
record Serving(ClientAuth clients, List<String> protocols) {

  Serving {
    protocols = List.copyOf(protocols);
  }
}
