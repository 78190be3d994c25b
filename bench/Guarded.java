import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;

/**
 * Caravan with all that stands between a client and a server: keys, limits of every kind for the
 * tenant and for the pool, a limit for the server and a queue before it. None of them is reached.
 */
final class Guarded {
  private static final String LIMITS =
      "\"requestsPerMinute\":100000000,\"tokensPerMinute\":2000000000,"
          + "\"concurrentRequests\":1000000,\"tokensPerMonth\":1000000000000";

  private Guarded() {}

  /** The same options with what is needed for it, of which the files are written. */
  static Options write(Options options, Path work) throws IOException {
    Path keys =
        Files.writeString(
            work.resolve("clients.json"),
            "{\"tenants\":{\"acme\":{"
                + LIMITS
                + "}},\"keys\":[{\"id\":\"bench\",\"tenant\":\"acme\",\"sha256\":\""
                + sha256(Requests.KEY)
                + "\"}]}");
    Options guarded = options.copy();
    guarded.caravanArguments = new ArrayList<>(options.caravanArguments);
    guarded.caravanArguments.add("-Dcaravan.clients.file=" + keys);
    guarded.poolParameters =
        "requestsPerMinute: 100000000, tokensPerMinute: 2000000000, concurrentRequests: 1000000,"
            + " maxQueue: 1000";
    guarded.serverParameters = "maxInflight: 100000";
    return guarded;
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }
}
