package dev.caravan.chaos;

import dev.caravan.chaos.Schedule.Injection;
import dev.caravan.testing.FaultyProxy;
import dev.caravan.testing.RawHttp;
import java.io.IOException;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** A server that things are done to, one at a time. */
final class Server implements AutoCloseable {
  private static final String FAULT = "/simulator/fault";

  private final String name;
  private final ServerProcess process;
  private final @Nullable FaultyProxy proxy;

  /** Starts it and waits until it listens. */
  Server(String name, String model, double speedup, boolean proxied) throws IOException {
    this.name = name;
    process = new ServerProcess(name, model, speedup);
    process.start();
    proxy = proxied ? new FaultyProxy(process.port()) : null;
  }

  String name() {
    return name;
  }

  /** Where the gateway finds it. */
  URI uri() {
    return URI.create("http://127.0.0.1:" + (proxy == null ? process.port() : proxy.port()));
  }

  /** Its own port, whatever stands before it. */
  int port() {
    return process.port();
  }

  void begin(Injection what) throws IOException, InterruptedException {
    switch (what.kind()) {
      case KILL -> process.kill();
      case RESTART -> process.terminate();
      case FREEZE -> process.freeze();
      case BLACK_HOLE -> network().loseEverything();
      case HALF_OPEN -> network().leaveHalfOpen();
      case NETWORK_RESET -> network().resetEverything();
      default -> {
        String json = what.kind().json(what.detail(), what.lastsMillis());
        RawHttp.Answer answer = RawHttp.ask(port(), FAULT, json);
        if (answer.status() != 200) {
          throw new IOException(name + " did not take " + json + ": " + answer.text());
        }
      }
    }
  }

  /** Ends it, and returns when the server is well: what the gateway knows of that is its affair. */
  void heal(Injection what) throws IOException, InterruptedException {
    switch (what.kind()) {
      case KILL, RESTART -> process.start();
      case FREEZE -> process.thaw();
      case BLACK_HOLE, HALF_OPEN, NETWORK_RESET -> network().heal();
      default -> disarm();
    }
  }

  private void disarm() throws IOException {
    // A server that refuses heals by itself at about this time, and cannot be told to.
    IOException refused = new IOException(name + " was not asked");
    for (int i = 0; i < 200; i++) {
      try (RawHttp admin = new RawHttp(port())) {
        admin.send("DELETE " + FAULT + " HTTP/1.1\r\nhost: test\r\n\r\n").answer();
        return;
      } catch (IOException again) {
        refused = again;
        Pause.millis(50);
      }
    }
    throw refused;
  }

  /** How many requests it answers now, by its own count. */
  int running() throws IOException {
    String load = RawHttp.ask(port(), "/load", null).text();
    return Integer.parseInt(load.replaceAll("\\D+", ""));
  }

  /** Whether the gateway holds connections to it that are dead, and does not know. */
  boolean halfOpen() {
    return proxy != null && proxy.halfOpen() > 0;
  }

  private FaultyProxy network() {
    if (proxy == null) {
      throw new IllegalStateException(name + " is not behind a proxy");
    }
    return proxy;
  }

  @Override
  public void close() throws IOException {
    if (proxy != null) {
      proxy.close();
    }
    process.close();
  }
}
