import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Something requests are sent through: a gateway's process with the same server behind it, or that
 * server itself.
 */
final class Target {
  /** A target that cannot take part, and what to do about it. */
  static final class Missing extends Exception {
    private static final long serialVersionUID = 1L;

    Missing(String message) {
      super(message);
    }
  }

  private static final int WORKERS = 2;

  final String name;
  final String version;
  final int port;
  private final Process process;

  private Target(String name, String version, int port, Process process) {
    this.name = name;
    this.version = version;
    this.port = port;
    this.process = process;
  }

  static Target start(String name, int upstreamPort, Options options, Path work)
      throws IOException, Missing {
    return switch (name) {
      case "direct" -> new Target(name, "", upstreamPort, null);
      case "haproxy" -> haproxy(upstreamPort, options, work);
      case "nginx" -> nginx(upstreamPort, options, work);
      case "caravan" -> caravan(name, upstreamPort, options, work);
      case "guarded" -> caravan(name, upstreamPort, Guarded.write(options, work), work);
      default ->
          throw new Missing(
              "unknown target: " + name + " (known: direct, haproxy, nginx, caravan, guarded)");
    };
  }

  private static Target haproxy(int upstreamPort, Options options, Path work)
      throws IOException, Missing {
    String binary = binary("haproxy");
    int port = freePort();
    String log = options.accessLog ? "  log stdout format raw local0\n" : "";
    String config =
        """
        global
          nbthread %d
          maxconn %d
        %sdefaults
          mode http
          %s
          option http-no-delay
          option abortonclose
          http-reuse always
          timeout connect 5s
          timeout client 1h
          timeout client-fin 1s
          timeout server 1h
          timeout http-keep-alive 1h
        frontend in
          bind 127.0.0.1:%d
          default_backend up
        backend up
          server up 127.0.0.1:%d
        """
            .formatted(
                WORKERS,
                2 * options.idleStreams + 1000,
                log,
                options.accessLog ? "log global\n  option httplog" : "option dontlognull",
                port,
                upstreamPort);
    Path file = Files.writeString(work.resolve("haproxy.cfg"), config);
    Process process = launch(work, "haproxy", List.of(binary, "-db", "-f", file.toString()));
    return new Target("haproxy", firstLine(binary, "-v"), port, process).awaitReady(work, 20, true);
  }

  private static Target nginx(int upstreamPort, Options options, Path work)
      throws IOException, Missing {
    String binary = binary("nginx");
    int port = freePort();
    String config =
        """
        daemon off;
        %s
        worker_processes %d;
        worker_rlimit_nofile %d;
        pid %s/nginx.pid;
        error_log %s/nginx-error.log warn;
        events { worker_connections %d; }
        http {
          access_log %s;
          tcp_nodelay on;
          keepalive_timeout 1h;
          keepalive_requests 100000000;
          client_max_body_size 64m;
          client_body_buffer_size 1m;
          client_body_temp_path %s/nginx-body;
          proxy_temp_path %s/nginx-proxy;
          fastcgi_temp_path %s/nginx-fastcgi;
          uwsgi_temp_path %s/nginx-uwsgi;
          scgi_temp_path %s/nginx-scgi;
          upstream up {
            server 127.0.0.1:%d;
            keepalive 512;
            keepalive_requests 100000000;
            keepalive_timeout 1h;
          }
          server {
            listen 127.0.0.1:%d reuseport backlog=4096;
            location / {
              proxy_pass http://up;
              proxy_http_version 1.1;
              proxy_set_header Connection "";
              proxy_buffering off;
              proxy_read_timeout 1h;
              proxy_send_timeout 1h;
            }
          }
        }
        """
            .formatted(
                "root".equals(System.getProperty("user.name")) ? "user root;" : "",
                WORKERS,
                2 * options.idleStreams + 2000,
                work,
                work,
                2 * options.idleStreams + 1000,
                options.accessLog ? work + "/nginx-access.log" : "off",
                work,
                work,
                work,
                work,
                work,
                upstreamPort,
                port);
    Path file = Files.writeString(work.resolve("nginx.conf"), config);
    List<String> command =
        List.of(
            binary, "-p", work.toString(), "-c", file.toString(), "-e", work + "/nginx-error.log");
    return new Target("nginx", firstLine(binary, "-v"), port, launch(work, "nginx", command))
        .awaitReady(work, 20, true);
  }

  private static Target caravan(String name, int upstreamPort, Options options, Path work)
      throws IOException, Missing {
    Path run = options.caravanHome.resolve("run");
    if (!Files.isExecutable(run)) {
      throw new Missing("no executable " + run + "; build Caravan there or set CARAVAN_HOME");
    }
    int port = freePort();
    Path routes = Files.createDirectories(work.resolve("routes-" + name));
    Files.writeString(
        routes.resolve("bench.yaml"),
        """
        - route:
            id: bench
            from:
              uri: pool:bench
              parameters: { %s }
              steps:
                - loadBalance:
                    customLoadBalancer: { ref: least-inflight }
                    steps:
                      - circuitBreaker:
                          steps:
                            - to: { uri: "model:up", parameters: { url: "http://127.0.0.1:%d"%s } }
        """
            .formatted(
                options.poolParameters,
                upstreamPort,
                options.serverParameters.isEmpty() ? "" : ", " + options.serverParameters));
    List<String> command =
        new ArrayList<>(
            List.of(
                run.toString(),
                "--routes",
                routes.toString(),
                "-Dcaravan.http.host=127.0.0.1",
                "-Dcaravan.http.port=" + port,
                "-Dquarkus.http.port=" + freePort()));
    command.add(
        options.accessLog
            ? "-Dcaravan.access-log.path=" + work.resolve(name + "-access.log")
            : "-Dcaravan.access-log.path=");
    command.addAll(options.caravanArguments);
    ProcessBuilder builder = new ProcessBuilder(command).directory(options.caravanHome.toFile());
    Process process = launch(work, name, builder);
    return new Target(name, Report.commit(options.caravanHome), port, process)
        .awaitReady(work, options.startSeconds, options.interactive);
  }

  private static Process launch(Path work, String name, List<String> command) throws IOException {
    return launch(work, name, new ProcessBuilder(command));
  }

  /** Starts a process whose output goes into a file of its name. */
  static Process launch(Path work, String name, ProcessBuilder builder) throws IOException {
    builder.redirectErrorStream(true).redirectOutput(work.resolve(name + ".log").toFile());
    Process process = builder.start();
    process.getOutputStream().close();
    return process;
  }

  /** Returns this when it answers, a chat request if it may have one; stops it otherwise. */
  private Target awaitReady(Path work, int seconds, boolean chat) throws IOException, Missing {
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    HttpRequest.Builder asking =
        HttpRequest.newBuilder(
                URI.create(
                    "http://127.0.0.1:" + port + (chat ? "/v1/chat/completions" : "/v1/models")))
            .timeout(Duration.ofSeconds(5));
    if (chat) {
      asking
          .header("Content-Type", "application/json")
          .header("Authorization", "Bearer " + Requests.KEY)
          .POST(
              HttpRequest.BodyPublishers.ofString(
                  "{\"model\":\"bench\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"));
    }
    HttpRequest request = asking.build();
    String last = "nothing";
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    try {
      while (System.nanoTime() < end && process.isAlive()) {
        try {
          HttpResponse<String> response =
              client.send(request, HttpResponse.BodyHandlers.ofString());
          if (response.statusCode() == 200) {
            return this;
          }
          last = "status " + response.statusCode();
        } catch (IOException e) {
          last = e.toString();
        }
        Thread.sleep(200);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    boolean alive = process.isAlive();
    stop();
    List<String> lines = Files.readAllLines(work.resolve(name + ".log"));
    String tail =
        String.join("\n    ", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
    throw new Missing(
        (alive ? "no answer in " + seconds + " s (" + last + ")" : "ended at start")
            + "\n    "
            + tail);
  }

  /** Whether it is Caravan, with whatever settings. */
  boolean caravan() {
    return name.equals("caravan") || name.equals("guarded");
  }

  /** Whether it is a process of its own that can be measured. */
  boolean measured() {
    return process != null;
  }

  boolean alive() {
    return process == null || process.isAlive();
  }

  ProcessMeter meter() {
    return ProcessMeter.tree(process.toHandle());
  }

  /** The JVM in this target's process tree. */
  long jvmPid() {
    return Stream.concat(Stream.of(process.toHandle()), process.toHandle().descendants())
        .filter(
            handle ->
                handle.info().command().filter(command -> command.endsWith("/java")).isPresent())
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(name + " runs no JVM"))
        .pid();
  }

  private void stop() {
    List<ProcessHandle> all = new ArrayList<>(process.toHandle().descendants().toList());
    all.add(process.toHandle());
    end(all);
  }

  /** Asks processes to end, waits five seconds at most, then kills what is left. */
  static void end(List<ProcessHandle> processes) {
    processes.forEach(ProcessHandle::destroy);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
    while (processes.stream().anyMatch(ProcessHandle::isAlive) && System.nanoTime() < end) {
      LockSupport.parkNanos(20_000_000);
    }
    processes.forEach(ProcessHandle::destroyForcibly);
  }

  private static String binary(String name) throws Missing {
    for (String directory : (System.getenv("PATH") + ":/usr/sbin:/usr/local/sbin").split(":")) {
      Path file = Path.of(directory, name);
      if (Files.isExecutable(file)) {
        return file.toString();
      }
    }
    throw new Missing(name + " is not installed; bench/install.sh installs it");
  }

  private static String firstLine(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
        .lines()
        .findFirst()
        .orElse("");
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return socket.getLocalPort();
    }
  }
}
