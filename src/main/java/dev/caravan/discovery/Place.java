package dev.caravan.discovery;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Where servers are to be found, as a route says. Immutable. */
public sealed interface Place {

  /** Completes "… is not …". */
  String ACCEPTED =
      "dns:HOST[:PORT], srv:_SERVICE._PROTOCOL.NAME or kubernetes:[NAMESPACE/]SERVICE[:PORT]";

  /**
   * The addresses of a name.
   *
   * @param port from 1; 0 where the URL says it
   */
  record Dns(String host, int port) implements Place {
    @Override
    public String toString() {
      return "dns:" + host + (port == 0 ? "" : ":" + port);
    }
  }

  /** The targets of a name's SRV records. */
  record Srv(String name) implements Place {
    @Override
    public String toString() {
      return "srv:" + name;
    }
  }

  /**
   * The endpoints of a Kubernetes Service.
   *
   * @param namespace null for the gateway's own
   * @param port the name or the number of a port of its pods; null for the only one
   */
  record Kubernetes(@Nullable String namespace, String service, @Nullable String port)
      implements Place {
    @Override
    public String toString() {
      return "kubernetes:"
          + (namespace == null ? "" : namespace + "/")
          + service
          + (port == null ? "" : ":" + port);
    }
  }

  /**
   * Reads a place.
   *
   * @return null where the text is none
   */
  static @Nullable Place of(String text) {
    Matcher dns = Spelling.DNS.matcher(text);
    if (dns.matches()) {
      int port = dns.group(2) == null ? 0 : Integer.parseInt(dns.group(2));
      boolean right = dns.group(2) == null || (port > 0 && port <= 65_535);
      return right && dns.group(1).length() <= 253 ? new Dns(dns.group(1), port) : null;
    }
    Matcher srv = Spelling.SRV.matcher(text);
    if (srv.matches()) {
      return srv.group(1).length() <= 253 ? new Srv(srv.group(1)) : null;
    }
    Matcher kubernetes = Spelling.KUBERNETES.matcher(text);
    if (kubernetes.matches()) {
      return new Kubernetes(kubernetes.group(1), kubernetes.group(2), kubernetes.group(3));
    }
    return null;
  }

  /** How places are spelt. */
  final class Spelling {
    private static final String LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
    private static final String NAME = LABEL + "(?:\\." + LABEL + ")*\\.?";

    // Kubernetes' own rules: DNS labels; a port has a name of up to 15 characters, or a number.
    private static final String OBJECT = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";

    static final Pattern DNS = Pattern.compile("dns:(" + plain(NAME) + ")(?::(\\d{1,5}))?");
    static final Pattern SRV =
        Pattern.compile("srv:(_[A-Za-z0-9-]{1,62}\\._[A-Za-z0-9-]{1,62}\\." + plain(NAME) + ")");
    static final Pattern KUBERNETES =
        Pattern.compile("kubernetes:(?:(" + OBJECT + ")/)?(" + OBJECT + ")(?::([a-z0-9-]{1,15}))?");

    private Spelling() {}

    private static String plain(String pattern) {
      return pattern.replace("([A-Za-z0-9_-]{0,61}", "(?:[A-Za-z0-9_-]{0,61}");
    }
  }
}
