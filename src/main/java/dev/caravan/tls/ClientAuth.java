package dev.caravan.tls;

/** Whether clients show certificates. */
public enum ClientAuth {
  /** They are not asked. */
  NONE,
  /** They are asked; one that is shown must be good, and whoever has none may come as well. */
  REQUEST,
  /** Whoever shows no good one does not connect. */
  REQUIRED;

  io.netty.handler.ssl.ClientAuth netty() {
    return switch (this) {
      case NONE -> io.netty.handler.ssl.ClientAuth.NONE;
      case REQUEST -> io.netty.handler.ssl.ClientAuth.OPTIONAL;
      case REQUIRED -> io.netty.handler.ssl.ClientAuth.REQUIRE;
    };
  }
}
