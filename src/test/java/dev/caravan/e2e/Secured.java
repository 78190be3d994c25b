package dev.caravan.e2e;

import dev.caravan.testing.Authority;
import dev.caravan.testing.Authority.Issued;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.RawHttp2;
import dev.caravan.testing.ScriptedServer;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.Consumer;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIMatcher;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.StandardConstants;
import org.jspecify.annotations.Nullable;

/** What tests of TLS share: certificates on disk, settings that name them, clients and servers. */
final class Secured {
  private static final String LINK = "..data";

  private final Path directory;
  private int versions;

  Secured(Path directory) {
    this.directory = directory;
  }

  /** Mounts a certificate, as the kubelet mounts a Secret; swaps the link where one is there. */
  void mount(String name, Issued issued) throws IOException {
    mount(name, issued.pem(), issued.keyPem());
  }

  /** The same with whatever the two files are to hold. */
  void mount(String name, String certificate, String key) throws IOException {
    Path mount = Files.createDirectories(directory.resolve(name));
    Path version = Files.createDirectory(mount.resolve(".." + ++versions));
    Files.writeString(version.resolve("tls.crt"), certificate);
    Files.writeString(version.resolve("tls.key"), key);
    Path fresh = mount.resolve("..tmp");
    Files.createSymbolicLink(fresh, version.getFileName());
    Files.move(fresh, mount.resolve(LINK), StandardCopyOption.ATOMIC_MOVE);
    for (String file : List.of("tls.crt", "tls.key")) {
      Path link = mount.resolve(file);
      if (!Files.isSymbolicLink(link)) {
        Files.createSymbolicLink(link, Path.of(LINK, file));
      }
    }
  }

  /** Writes an authority's certificate. */
  void trust(String name, Authority authority) throws IOException {
    Path fresh = directory.resolve(name + ".tmp");
    Files.writeString(fresh, authority.pem());
    Files.move(
        fresh, file(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  Path file(String name) {
    return directory.resolve(name);
  }

  /** Settings of an entry that shows a mounted certificate. */
  Map<String, String> shows(String entry, String... mounts) {
    Map<String, String> settings = new HashMap<>();
    for (int i = 0; i < mounts.length; i++) {
      String store = "quarkus.tls." + entry + ".key-store.pem." + i;
      settings.put(store + ".cert", directory.resolve(mounts[i]).resolve("tls.crt").toString());
      settings.put(store + ".key", directory.resolve(mounts[i]).resolve("tls.key").toString());
    }
    return settings;
  }

  /** Settings of an entry that trusts what a file holds. */
  Map<String, String> trusts(String entry, String file) {
    return Map.of("quarkus.tls." + entry + ".trust-store.pem.certs", file(file).toString());
  }

  /** Settings of a port with TLS, which reads its files again all the time. */
  Map<String, String> port(String... mounts) {
    Map<String, String> settings = shows("port", mounts);
    settings.put("caravan.http.tls", "port");
    settings.put("caravan.tls.reload-period", "50ms");
    return settings;
  }

  /** One map of several; the later ones count. */
  @SafeVarargs
  static Map<String, String> all(Map<String, String>... some) {
    Map<String, String> together = new HashMap<>();
    for (Map<String, String> each : some) {
      together.putAll(each);
    }
    return together;
  }

  /** A connection after its handshake. */
  static SSLSocket connect(int port, SSLContext context, Consumer<SSLParameters> more)
      throws IOException {
    SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port);
    try {
      socket.setSoTimeout(30_000);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      more.accept(parameters);
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** A connection that speaks HTTP/2. */
  static RawHttp2 http2(int port, SSLContext context) throws IOException {
    SSLSocket socket = connect(port, context, p -> p.setApplicationProtocols(new String[] {"h2"}));
    if (!"h2".equals(socket.getApplicationProtocol())) {
      socket.close();
      throw new IOException("no h2");
    }
    return new RawHttp2(socket);
  }

  /** One chat on a connection of its own. */
  static RawHttp.Answer ask(int port, SSLContext context) throws IOException {
    return ask(port, context, parameters -> {});
  }

  static RawHttp.Answer ask(int port, SSLContext context, Consumer<SSLParameters> more)
      throws IOException {
    try (RawHttp client = new RawHttp(connect(port, context, more))) {
      return client.post(Chat.PATH, Chat.whole("hello")).answer();
    }
  }

  /** Asks for a name. */
  static Consumer<SSLParameters> named(String host) {
    return parameters -> {
      parameters.setServerNames(List.of(new SNIHostName(host)));
      parameters.setEndpointIdentificationAlgorithm(null);
    };
  }

  /** A model server with TLS. */
  static ScriptedServer server(SSLContext context, boolean asksClients, String... protocols)
      throws IOException {
    return server(
        context,
        socket -> {
          socket.setNeedClientAuth(asksClients);
          if (protocols.length > 0) {
            socket.setEnabledProtocols(protocols);
          }
        });
  }

  /** A model server with TLS that notes which names it is asked for. */
  static ScriptedServer server(SSLContext context, Queue<String> names) throws IOException {
    return server(
        context,
        socket -> {
          SSLParameters parameters = socket.getSSLParameters();
          parameters.setSNIMatchers(
              List.of(
                  new SNIMatcher(StandardConstants.SNI_HOST_NAME) {
                    @Override
                    public boolean matches(SNIServerName name) {
                      return names.add(new String(name.getEncoded(), StandardCharsets.US_ASCII));
                    }
                  }));
          socket.setSSLParameters(parameters);
        });
  }

  private static ScriptedServer server(SSLContext context, Consumer<SSLServerSocket> more)
      throws IOException {
    SSLServerSocket socket =
        (SSLServerSocket) context.getServerSocketFactory().createServerSocket();
    more.accept(socket);
    return new ScriptedServer(
        socket,
        true,
        (peer, connection) -> {
          while (peer.request() != null) {
            peer.send(ScriptedServer.whole(200, "{\"secure\":true}"));
          }
        });
  }

  /** Where that server is, by a name. */
  static URI https(String host, ScriptedServer server) {
    return URI.create("https://" + host + ":" + server.port());
  }

  /** The subject of who answers; null where nobody is known. */
  static @Nullable String subject(SSLSocket socket) throws IOException {
    return ((java.security.cert.X509Certificate) socket.getSession().getPeerCertificates()[0])
        .getSubjectX500Principal()
        .getName();
  }
}
