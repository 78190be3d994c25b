package dev.caravan.ingress;

import java.util.Locale;

/** How a client's handshake ended. */
public enum HandshakeEnd {
  /** It stands. */
  DONE,
  /** The client spoke plain HTTP. */
  PLAINTEXT,
  /** It showed no certificate, or one that is not good. */
  CERTIFICATE,
  /** It took too long. */
  TIMEOUT,
  /** The client left, or did not believe our certificate. */
  LEFT,
  /** No version, cipher or protocol in common, or what came was no TLS. */
  FAILED,
  /** Too many handshakes at a time. */
  SHED;

  /** For labels. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
