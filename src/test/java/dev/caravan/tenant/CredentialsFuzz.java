package dev.caravan.tenant;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.code_intelligence.jazzer.api.BugDetectors;
import dev.caravan.tenant.jwt.JwtCheck;
import dev.caravan.tenant.jwt.JwtSettings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * A fuzz target: any bytes as the file of clients and as credentials. A file is refused without a
 * word of it, or written and read again the same; nobody is let in by a key or token that nobody
 * has given out. The issuer's keys are never to be had.
 */
public final class CredentialsFuzz {
  private static final long NOW = 1_792_567_650_000L;

  /** Nobody listens there: the port is for throwing away. */
  private static final JwtSettings ISSUER =
      new JwtSettings(
          "http://127.0.0.1:9/realm",
          List.of("caravan"),
          "http://127.0.0.1:9/keys",
          "tenant",
          "pools",
          "priority",
          "quota",
          30);

  private static final Set<String> HERE = Set.of("127.0.0.1", "localhost");

  private static final TokenChecks.Check CHECK =
      new JwtCheck(ISSUER, name -> null, () -> NOW, () -> 0);

  private CredentialsFuzz() {}

  /** No token sends the gateway anywhere but to its issuer, whatever addresses stand in it. */
  public static void fuzzerInitialize() {
    BugDetectors.allowNetworkConnections((host, port) -> HERE.contains(host) && port == 9);
  }

  /** What Jazzer calls. */
  public static void fuzzerTestOneInput(byte[] bytes) {
    file(bytes);
    String text = new String(bytes, ISO_8859_1);
    Access access = new Access(null, new TokenChecks(CHECK, Runnable::run, () -> NOW));
    for (String header : Shown.HEADERS) {
      Shown shown = new Shown();
      shown.add(header, text);
      Standing who = access.of(shown);
      List<Standing> told = new ArrayList<>();
      if (who instanceof Pending pending) {
        pending.then(Runnable::run, told::add);
      } else {
        told.add(who);
      }
      if (told.size() != 1 || !(told.get(0) instanceof Denied)) {
        throw new AssertionError("not refused: " + told);
      }
    }
  }

  private static void file(byte[] bytes) {
    ClientTable table;
    try {
      table = ClientFormat.read(bytes);
    } catch (IllegalArgumentException refused) {
      return;
    }
    byte[] written = ClientFormat.write(table);
    if (!Arrays.equals(written, ClientFormat.write(ClientFormat.read(written)))) {
      throw new AssertionError("read again it is another");
    }
  }
}
