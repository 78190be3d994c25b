package dev.caravan.upstream;

import io.netty.channel.ConnectTimeoutException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import javax.net.ssl.SSLException;

/** Says in one line why something failed, for the operator. */
final class Reasons {

  private Reasons() {}

  /** Whether nobody listens at an address: where the machine is gone, nobody says so. */
  static boolean refused(Throwable failure) {
    return failure instanceof ConnectException
        && !(failure instanceof ConnectTimeoutException)
        && String.valueOf(failure.getMessage()).contains("refused");
  }

  static String of(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    if (failure instanceof ConnectTimeoutException) {
      return "no connection in time";
    }
    if (root instanceof UnknownHostException || failure instanceof UnknownHostException) {
      return "unknown host";
    }
    if (failure instanceof ConnectException) {
      return "connection refused or unreachable";
    }
    String message = String.valueOf(root.getMessage());
    return failure instanceof SSLException ? "TLS: " + message : message;
  }
}
