package dev.caravan.tls;

import dev.caravan.time.Scheduler;
import dev.caravan.time.WallClock;
import io.netty.util.concurrent.DefaultEventExecutor;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The entries that are in use, and the files of authorities that routes name. Their files are read
 * again every so often, on a thread of its own: by what is in them, so that the swap of a
 * Kubernetes Secret's link counts as well. Safe for any thread.
 */
public final class TlsEntries implements AutoCloseable {
  private static final long STOP_MILLIS = 2_000;

  private final TlsSource source;
  private final Handshakes handshakes;
  private final WallClock clock;
  private final Consumer<TlsEntry> used;
  private final long periodMillis;
  private final Map<String, TlsEntry> entries = new TreeMap<>(); // guarded by this
  private final Map<Path, TrustFile> trusted = new TreeMap<>(); // guarded by this
  private @Nullable EventExecutor thread; // guarded by this
  private boolean closed; // guarded by this

  /**
   * None is in use yet.
   *
   * @param periodMillis from one look at the files to the next, from 1
   * @param used told of each entry that is used for the first time
   */
  public TlsEntries(
      TlsSource source,
      Handshakes handshakes,
      WallClock clock,
      long periodMillis,
      Consumer<TlsEntry> used) {
    this.source = source;
    this.handshakes = handshakes;
    this.clock = clock;
    this.periodMillis = Math.max(1, periodMillis);
    this.used = used;
  }

  /**
   * An entry, to reach servers with.
   *
   * @throws IllegalArgumentException where it cannot be used; the message says why
   */
  public TlsEntry entry(String name) {
    TlsEntry made;
    synchronized (this) {
      TlsEntry known = entries.get(name);
      if (known != null) {
        return known;
      }
      try {
        made = new TlsEntry(name, source, handshakes, clock);
      } catch (GeneralSecurityException e) {
        throw new IllegalArgumentException("TLS entry " + name + ": " + e.getMessage(), e);
      }
      entries.put(name, made);
      watch();
    }
    used.accept(made);
    return made;
  }

  /**
   * An entry, to serve a port with.
   *
   * @param protocols what ALPN offers, the first being the best
   * @throws IllegalArgumentException where it cannot be used so; the message says why
   */
  public TlsServer server(String name, ClientAuth clients, List<String> protocols) {
    try {
      return entry(name).serve(new Serving(clients, protocols));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("TLS entry " + name + ": " + e.getMessage(), e);
    }
  }

  /**
   * A file of certificates to trust besides the JDK's, read again like the entries' files.
   *
   * @throws GeneralSecurityException where it holds none
   * @throws IOException where it cannot be read
   */
  public TlsClient trusting(Path file) throws GeneralSecurityException, IOException {
    TrustFile known;
    synchronized (this) {
      known = trusted.get(file);
      if (known == null) {
        TrustFile made = new TrustFile(file, handshakes);
        trusted.put(file, made);
        watch();
        return made;
      }
    }
    known.refresh();
    return known;
  }

  /** What is expensive in handshakes. */
  public Handshakes handshakes() {
    return handshakes;
  }

  /** Whether there is such an entry, in use or not. */
  public boolean knows(String name) {
    try {
      return source.read(name, false) != null;
    } catch (GeneralSecurityException e) {
      return true; // it is there, and says itself what is wrong with it
    }
  }

  private void watch() {
    if (thread == null && !closed) {
      EventExecutor started =
          new DefaultEventExecutor(new DefaultThreadFactory("caravan-certificates", true));
      thread = started;
      Scheduler scheduler = Scheduler.on(started);
      scheduler.schedule(() -> look(scheduler), periodMillis);
    }
  }

  private void look(Scheduler scheduler) {
    refresh();
    synchronized (this) {
      if (!closed) {
        scheduler.schedule(() -> look(scheduler), periodMillis);
      }
    }
  }

  /** Reads the files of all that are in use again, now. For a thread that may wait. */
  public void refresh() {
    for (TlsEntry each : all()) {
      each.refresh();
    }
    for (TrustFile each : files()) {
      each.refresh();
    }
  }

  private synchronized Collection<TrustFile> files() {
    return List.copyOf(trusted.values());
  }

  private synchronized Collection<TlsEntry> all() {
    return List.copyOf(entries.values());
  }

  @Override
  public void close() {
    EventExecutor stopped;
    synchronized (this) {
      closed = true;
      stopped = thread;
    }
    if (stopped != null) {
      stopped.shutdownGracefully(0, STOP_MILLIS, TimeUnit.MILLISECONDS).awaitUninterruptibly();
    }
    handshakes.close();
  }
}
