package dev.caravan.tenant;

import dev.caravan.time.Secrets;
import dev.caravan.time.WallClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The tenants and API keys of a file that is read again whenever it is another. Who asks reads an
 * immutable table; whoever changes something waits for the others that do, and for the disk.
 */
public final class Clients {
  private static final Logger LOG = Logger.getLogger(Clients.class);

  /** Some ten thousand keys. */
  private static final int MAX_BYTES = 8 << 20;

  private static final String TOO_LARGE = "larger than 8 MiB";

  /** More characters than a key has. */
  private static final int LONGEST = 512;

  private static final int KEY_BYTES = 32;
  private static final String KEY_PREFIX = "cvn-";

  private final Path file;
  private final WallClock clock;
  private final Secrets secrets;
  private volatile ClientTable table;
  private byte[] read; // this and below by whoever holds the lock
  private String seen = "";
  private String complaint = "";
  private volatile Runnable changed = () -> {};

  /** A new key, which is told this once. */
  public record Created(String key, ClientKey kept) {
    /** Without the key. */
    @Override
    public String toString() {
      return "Created[" + kept.id() + "]";
    }
  }

  /** Keys cannot be changed now; the message says why. */
  public static final class Unchanged extends Exception {
    private static final long serialVersionUID = 1;

    Unchanged(String why) {
      super(why, null, false, false);
    }
  }

  /**
   * Reads the file for the first time.
   *
   * @throws IllegalArgumentException with the file and what is wrong with it, but never its text
   */
  public Clients(Path file, WallClock clock, Secrets secrets) {
    this.file = file;
    this.clock = clock;
    this.secrets = secrets;
    try {
      read = bytes();
    } catch (IOException e) {
      throw new IllegalArgumentException(file + " cannot be read: " + reason(e), e);
    }
    table = parsed(read);
    LOG.infof("%s", told());
  }

  private ClientTable parsed(byte[] content) {
    try {
      return ClientFormat.read(content);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), null);
    }
  }

  private String told() {
    return file + " has " + table.keys().size() + " keys of " + table.tenantCount() + " tenants";
  }

  private byte[] bytes() throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException("it is " + TOO_LARGE);
    }
    return Files.readAllBytes(file);
  }

  private static String reason(IOException e) {
    return e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
  }

  /**
   * Reads the file again where it is another than before. One that cannot be read, or is wrong,
   * changes nothing: the log says so once, when it is still so at the next look, since somebody may
   * just be writing it. Reads a disk.
   */
  public synchronized void refresh() {
    String mistake = "";
    try {
      byte[] now = bytes();
      if (!Arrays.equals(now, read)) {
        take(parsed(now), now);
        LOG.infof("%s now", told());
      }
    } catch (IOException e) {
      mistake = file + " cannot be read, the keys are as they were: " + reason(e);
    } catch (IllegalArgumentException e) {
      mistake = e.getMessage() + "; the keys are as they were";
    }
    if (!mistake.isEmpty() && mistake.equals(seen) && !mistake.equals(complaint)) {
      LOG.error(mistake);
      complaint = mistake;
    } else if (mistake.isEmpty()) {
      complaint = "";
    }
    seen = mistake;
  }

  /** This is told whenever what holds is another, right after that. */
  public void onChange(Runnable told) {
    changed = told;
  }

  private void take(ClientTable next, byte[] content) {
    table = next;
    read = content;
    changed.run();
  }

  /** What is wrong with the file as it is now; empty where nothing is, or nobody has looked. */
  public synchronized String complaint() {
    return complaint;
  }

  /** Whom a key lets in. */
  Standing of(String key) {
    return key.length() > LONGEST ? Denied.MALFORMED : of(Digest.of(key));
  }

  private Standing of(Digest digest) {
    ClientTable.Found found = table.find(digest);
    if (found == null) {
      return Denied.UNKNOWN;
    }
    return found.expiresMillis() > 0 && clock.epochMillis() >= found.expiresMillis()
        ? Denied.EXPIRED
        : found.client();
  }

  ClientTable table() {
    return table;
  }

  /** A tenant by its name alone, for work that shows no credentials. */
  public Client tenant(String name) {
    Tenant of = table.tenant(name);
    return new Client(
        name,
        Client.idOf(name),
        "",
        of.priority(),
        Set.copyOf(of.pools()),
        of.quota(),
        of.explain(),
        true,
        of.inPools(),
        of.weight());
  }

  /** A tenant of which the file says something; null for others. */
  public @Nullable Client listed(String name) {
    return table.knows(name) ? tenant(name) : null;
  }

  /** What the file says of tenants. */
  public Collection<Tenant> tenants() {
    return table.tenants();
  }

  /** All keys, in the order of the file. */
  public Collection<ClientKey> keys() {
    return table.keys();
  }

  /** Whether a key's time is over. */
  public boolean expired(ClientKey key) {
    return key.expiresMillis() > 0 && clock.epochMillis() >= key.expiresMillis();
  }

  /**
   * Makes a key and writes it to the file. It counts from then on.
   *
   * @param id what it is to be called; null for a name that nobody has
   * @param expires such as {@code 2030-01-31T00:00:00Z}; null for never
   * @throws IllegalArgumentException with what is wrong with what is wanted
   * @throws Unchanged where the file cannot be written, or is wrong
   */
  public synchronized Created create(
      @Nullable String id,
      String tenant,
      @Nullable List<String> pools,
      @Nullable String priority,
      @Nullable String expires,
      @Nullable Boolean explain)
      throws Unchanged {
    byte[] drawn = new byte[KEY_BYTES];
    secrets.fill(drawn);
    String key = KEY_PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(drawn);
    Digest digest = Digest.of(key);
    String name = id == null ? tenant + "-" + digest.hex().substring(0, 8) : id;
    if (!ClientFormat.NAME.matcher(tenant).matches()
        || !ClientFormat.NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("tenant and id must be " + ClientFormat.NAME_ACCEPTED);
    }
    if (pools != null && (pools.isEmpty() || pools.stream().anyMatch(String::isBlank))) {
      throw new IllegalArgumentException("pools must name some; without it, all of the tenant's");
    }
    ClientKey made =
        new ClientKey(
            name,
            tenant,
            digest,
            pools == null ? null : List.copyOf(pools),
            priority == null ? null : ClientFormat.priority("priority", priority),
            expires == null ? 0 : ClientFormat.expires("expires", expires),
            explain);
    ClientTable now = current();
    if (now.key(name) != null) {
      throw new Unchanged("there is a key of that id");
    }
    write(now.with(made));
    return new Created(key, made);
  }

  /**
   * Takes a key back: it lets nobody in from then on, and what runs goes on.
   *
   * @return the key that is gone, or null where there was none of that id
   * @throws Unchanged where the file cannot be written, or is wrong
   */
  public synchronized @Nullable ClientKey revoke(String id) throws Unchanged {
    ClientTable now = current();
    ClientKey known = now.key(id);
    if (known != null) {
      write(now.without(id));
    }
    return known;
  }

  /** The file as it is this moment: somebody may have changed it since the last look. */
  private ClientTable current() throws Unchanged {
    try {
      return parsed(bytes());
    } catch (IOException e) {
      throw new Unchanged(file + " cannot be read: " + reason(e));
    } catch (IllegalArgumentException e) {
      throw new Unchanged(String.valueOf(e.getMessage()));
    }
  }

  /** Whole or not at all, and on the disk before it counts. */
  private void write(ClientTable next) throws Unchanged {
    byte[] content = ClientFormat.write(next);
    if (content.length > MAX_BYTES) {
      throw new Unchanged(file + " would be " + TOO_LARGE);
    }
    try {
      Path real = file.toRealPath();
      Path beside = Files.createTempFile(real.toAbsolutePath().getParent(), ".clients", ".new");
      try {
        try (FileChannel out = FileChannel.open(beside, StandardOpenOption.WRITE)) {
          ByteBuffer all = ByteBuffer.wrap(content);
          while (all.hasRemaining()) {
            out.write(all);
          }
          out.force(true);
        }
        likeBefore(real, beside);
        Files.move(beside, real, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(beside);
      }
    } catch (AtomicMoveNotSupportedException e) {
      throw new Unchanged(file + " cannot be replaced at once on its file system");
    } catch (IOException e) {
      throw new Unchanged(file + " cannot be written: " + reason(e));
    }
    take(next, content);
  }

  private static void likeBefore(Path real, Path beside) throws IOException {
    if (Files.getFileStore(real).supportsFileAttributeView("posix")) {
      Set<PosixFilePermission> before = Files.getPosixFilePermissions(real);
      Files.setAttribute(
          beside, "posix:permissions", PosixFilePermissions.asFileAttribute(before).value());
    }
  }
}
