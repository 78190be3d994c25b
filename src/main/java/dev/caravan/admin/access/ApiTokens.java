package dev.caravan.admin.access;

import dev.caravan.tenant.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The API tokens by their digests: those that are set, and those of a file that is read again
 * whenever it is another. Safe for any thread.
 */
public final class ApiTokens {
  private static final Logger LOG = Logger.getLogger(ApiTokens.class);

  /** NAME ROLE sha256:HEX. */
  private static final Pattern LINE = Pattern.compile("(\\S+)\\s+(\\S+)\\s+(\\S+)");

  private static final Pattern NAME = Pattern.compile("[\\w.@-]{1,64}");
  private static final Pattern DIGEST = Pattern.compile("sha256:([0-9a-fA-F]{64})");

  /** Some thousand tokens; more is no list of tokens. */
  private static final int MAX_BYTES = 1 << 20;

  private final List<Token> set;
  private final @Nullable Path file;
  private volatile List<Token> all;
  private byte[] read = new byte[0]; // this and below by the thread that reads
  private String complaint = "";

  /** One token: whose it is, and its SHA-256. */
  static final class Token {
    private final String name;
    private final String role;
    private final Digest digest;

    Token(String name, String role, Digest digest) {
      this.name = name;
      this.role = role;
      this.digest = digest;
    }

    String name() {
      return name;
    }

    String role() {
      return role;
    }
  }

  /**
   * Reads all tokens for the first time.
   *
   * @param lines those that are set
   * @param file a file of such lines; null for none
   * @throws IllegalArgumentException with what is wrong with one of them, but never its text
   */
  public ApiTokens(List<String> lines, @Nullable Path file) {
    set = parse("caravan.admin.auth.tokens", lines, new ArrayList<>());
    this.file = file;
    all = set;
    if (file != null) {
      try {
        read = bytes(file);
      } catch (IOException e) {
        throw new IllegalArgumentException(file + " cannot be read: " + e, e);
      }
      List<String> mistakes = new ArrayList<>();
      all = with(file, read, mistakes);
      if (!mistakes.isEmpty()) {
        throw new IllegalArgumentException(String.join("\n", mistakes));
      }
    }
  }

  /** Whether there are none, and will be none. */
  public boolean isEmpty() {
    return file == null && set.isEmpty();
  }

  /**
   * Reads the file again where it is another than before. A line that cannot be read is no token
   * any more, nor is any of a file that cannot be read: the log says so. Reads a disk.
   */
  public synchronized void refresh() {
    if (file == null) {
      return;
    }
    List<String> mistakes = new ArrayList<>();
    try {
      byte[] now = bytes(file);
      if (Arrays.equals(now, read) && complaint.isEmpty()) {
        return;
      }
      boolean another = !Arrays.equals(now, read);
      read = now;
      all = with(file, now, mistakes);
      if (another) {
        LOG.infof("%s has %d API tokens now", file, all.size() - set.size());
      }
    } catch (IOException e) {
      all = set;
      mistakes.add(file + " cannot be read, its API tokens do not count: " + e);
    }
    String now = String.join("\n", mistakes);
    if (!now.equals(complaint) && !now.isEmpty()) {
      LOG.error(now);
    }
    complaint = now;
  }

  private static byte[] bytes(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException("it is larger than 1 MiB");
    }
    return Files.readAllBytes(file);
  }

  private List<Token> with(Path from, byte[] content, List<String> mistakes) {
    List<Token> tokens = new ArrayList<>(set);
    String text = new String(content, StandardCharsets.UTF_8);
    tokens.addAll(parse(from.toString(), text.lines().toList(), mistakes));
    return List.copyOf(tokens);
  }

  private static List<Token> parse(String source, List<String> lines, List<String> mistakes) {
    boolean strict = mistakes.isEmpty() && source.startsWith("caravan.");
    List<Token> tokens = new ArrayList<>();
    int number = 0;
    for (String each : lines) {
      number++;
      String line = each.strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      String wrong = add(line, tokens);
      if (wrong != null && strict) {
        throw new IllegalArgumentException(source + ": " + wrong);
      } else if (wrong != null) {
        mistakes.add(source + ":" + number + ": " + wrong);
      }
    }
    return List.copyOf(tokens);
  }

  /** What is wrong with a line, without a word of it: it may be a token in plain text. */
  private static @Nullable String add(String line, List<Token> to) {
    Matcher words = LINE.matcher(line);
    if (!words.matches()) {
      return "an API token is a name, a role and a digest: NAME viewer|operator sha256:HEX";
    }
    if (!NAME.matcher(words.group(1)).matches()) {
      return "a name has up to 64 letters, digits and . _ @ -";
    }
    String role = words.group(2);
    if (!role.equals(Roles.VIEWER) && !role.equals(Roles.OPERATOR)) {
      return "the role must be viewer or operator";
    }
    Matcher digest = DIGEST.matcher(words.group(3));
    if (!digest.matches()) {
      return "the digest must be sha256: and 64 hex digits";
    }
    to.add(new Token(words.group(1), role, Digest.ofHex(digest.group(1))));
    return null;
  }

  /**
   * The token of that digest, or null. Takes as long for every token there is, whichever it is and
   * however much of it is right.
   */
  @Nullable Token find(Digest digest) {
    Token found = null;
    for (Token each : all) {
      if (each.digest.equals(digest)) {
        found = each;
      }
    }
    return found;
  }
}
