package dev.caravan.upstream;

import io.netty.channel.ConnectTimeoutException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.Locale;
import javax.net.ssl.SSLException;

/** Says in one line why something failed, for the operator. */
final class Reasons {

  private Reasons() {}

  /** Whether somebody said that nobody listens there; an unreachable one says nothing. */
  static boolean refused(Throwable failure) {
    return failure instanceof ConnectException
        && !(failure instanceof ConnectTimeoutException)
        && String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT).contains("refused");
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
    if (refused(failure)) {
      return "connection refused";
    }
    if (failure instanceof ConnectException) {
      return "unreachable";
    }
    String message = String.valueOf(root.getMessage());
    return failure instanceof SSLException ? "TLS: " + message : message;
  }
}
