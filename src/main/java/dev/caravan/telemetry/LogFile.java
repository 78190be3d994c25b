package dev.caravan.telemetry;

import dev.caravan.time.Ticker;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jboss.logging.Logger;
import org.jctools.queues.MpscArrayQueue;
import org.jspecify.annotations.Nullable;

/*
 * Why not a handler of the logging library: an asynchronous one wakes its thread for every other
 * record and makes one system call a record, a tenth of what a whole request costs (measured in
 * docs/performance.md). Here a line costs its producer one store, and the writer comes by ten times
 * a second.
 */

/**
 * A file that many threads append lines to without waiting. A line is in the file at most {@value
 * #PERIOD_MILLIS} ms later; lines that come faster than the disk takes them are dropped and
 * counted. When the file has reached its size it is renamed to {@code name.1}, and so on; when
 * somebody else moves it away, a new one is begun.
 */
public final class LogFile implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(LogFile.class);
  private static final int PERIOD_MILLIS = 100;

  /** Lines between two visits of the writer; at 400 bytes a line, 13 MB. */
  private static final int CAPACITY = 32 * 1024;

  private final @Nullable Path path;
  private final long maxBytes;
  private final int keep;
  private final Ticker ticker;
  private final MpscArrayQueue<byte[]> lines = new MpscArrayQueue<>(CAPACITY);
  private final LongAdder dropped = new LongAdder();
  private final ByteBuffer batch = ByteBuffer.allocateDirect(256 * 1024);
  private final Thread writer;
  private volatile boolean closed;
  private @Nullable FileChannel file;
  private long writtenBytes;
  private long lookedNanos;
  private long droppedSaid;
  private boolean failureSaid;

  /**
   * Opens the file for appending, and makes its directory.
   *
   * @param path the file; null for standard output, which is never begun anew
   * @param maxBytes when to begin a new one, from 1
   * @param keep how many old ones stay, from 0
   * @throws IOException where it cannot be written
   */
  public LogFile(@Nullable Path path, long maxBytes, int keep, Ticker ticker) throws IOException {
    this.path = path == null ? null : path.toAbsolutePath();
    this.maxBytes = maxBytes;
    this.keep = keep;
    this.ticker = ticker;
    if (this.path != null && this.path.getParent() != null) {
      Files.createDirectories(this.path.getParent());
    }
    open();
    writer = new Thread(this::run, "caravan-access-log");
    writer.setDaemon(true);
    writer.start();
  }

  /** Appends a line, its line feed included; never waits. */
  public void append(byte[] line) {
    if (!lines.offer(line)) {
      dropped.increment();
    }
  }

  /** Lines that were lost because the disk was too slow or full. */
  public long dropped() {
    return dropped.sum();
  }

  private void run() {
    while (!closed) {
      LockSupport.parkNanos(this, TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS));
      visit();
    }
    visit();
    shut();
  }

  private void visit() {
    try {
      reopenIfMoved();
      byte[] line;
      while ((line = lines.poll()) != null) {
        if (line.length > batch.remaining()) {
          write();
        }
        batch.put(line, 0, Math.min(line.length, batch.remaining()));
      }
      write();
      failureSaid = false;
    } catch (IOException e) {
      batch.clear();
      if (!failureSaid) {
        failureSaid = true;
        LOG.errorf("The access log %s cannot be written: %s", path, e);
      }
    }
    long lost = dropped();
    if (lost > droppedSaid) {
      LOG.warnf("The access log %s lost %d lines: the disk is too slow", path, lost - droppedSaid);
      droppedSaid = lost;
    }
  }

  private void write() throws IOException {
    batch.flip();
    FileChannel to = file == null ? open() : file;
    while (batch.hasRemaining()) {
      writtenBytes += to.write(batch);
    }
    batch.clear();
    if (writtenBytes >= maxBytes && path != null) {
      roll(path);
    }
  }

  private FileChannel open() throws IOException {
    lookedNanos = ticker.nanos();
    FileChannel opened;
    if (path == null) {
      opened = new FileOutputStream(FileDescriptor.out).getChannel();
    } else {
      opened = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      writtenBytes = opened.size();
    }
    file = opened;
    return opened;
  }

  private void roll(Path current) throws IOException {
    shut();
    for (int i = keep; i > 0; i--) {
      Path from = i == 1 ? current : numbered(current, i - 1);
      if (Files.exists(from)) {
        Files.move(from, numbered(current, i), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    if (keep == 0) {
      Files.deleteIfExists(current);
    }
    open();
  }

  private static Path numbered(Path file, int number) {
    return file.resolveSibling(file.getFileName() + "." + number);
  }

  /** Looks once a second whether the name still is there: logrotate moves files away. */
  private void reopenIfMoved() throws IOException {
    long now = ticker.nanos();
    if (now - lookedNanos < TimeUnit.SECONDS.toNanos(1)) {
      return;
    }
    lookedNanos = now;
    if (file != null && path != null && !Files.exists(path)) {
      shut();
      open();
    }
  }

  private void shut() {
    FileChannel open = file;
    file = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        LOG.debugf(e, "closing %s", path);
      }
    }
  }

  /** Writes what is there and closes the file; waits for that. */
  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(writer);
    try {
      writer.join(TimeUnit.SECONDS.toMillis(2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
