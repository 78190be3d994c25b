import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The chat requests that are sent. Prompts differ between requests so that nothing can answer from
 * memory.
 */
final class Requests {
  /** What every client shows. */
  static final String KEY = "sk-bench";

  static final int PLAIN_BODY_BYTES = 2048;
  static final int LARGE_BODY_BYTES = 220 * 1024;
  private static final int VARIANTS = 64;
  private static final String WORDS =
      "the quick load balancer sends every long prompt to the server that will answer it first and"
          + " keeps its promises ";

  private final ByteBuffer[] requests;
  private int next;

  private Requests(ByteBuffer[] requests) {
    this.requests = requests;
  }

  /** 2 KB in, 1 KB out. */
  static Requests plain() {
    return variants(VARIANTS, "\"max_tokens\":256,\"seed\":1,", PLAIN_BODY_BYTES);
  }

  /** A prompt of 220 KB; the answer is the plain one. */
  static Requests large() {
    return variants(8, "\"max_tokens\":256,\"seed\":1,", LARGE_BODY_BYTES);
  }

  /** A 2 KB request for a stream of so many events so far apart; the first comes at once. */
  static Requests stream(long events, long intervalMicros) {
    return variants(
        VARIANTS,
        "\"max_tokens\":" + events + ",\"seed\":" + intervalMicros + ",\"stream\":true,",
        PLAIN_BODY_BYTES);
  }

  private static Requests variants(int count, String parameters, int bodyBytes) {
    ByteBuffer[] requests = new ByteBuffer[count];
    for (int i = 0; i < count; i++) {
      requests[i] = request(parameters, i, bodyBytes);
    }
    return new Requests(requests);
  }

  /** A plain request as a line of a batch, 2 KB of it in its body. */
  static byte[] job(int number) {
    String body = body("\"max_tokens\":256,\"seed\":1,", number % VARIANTS, PLAIN_BODY_BYTES);
    String line =
        "{\"custom_id\":\"job-"
            + number
            + "\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":"
            + body
            + "}";
    return line.getBytes(StandardCharsets.US_ASCII);
  }

  private static String body(String parameters, int variant, int bodyBytes) {
    String start =
        "{\"model\":\"bench\","
            + parameters
            + "\"temperature\":0.7,\"messages\":[{\"role\":\"system\",\"content\":\"You are"
            + " assistant number "
            + variant
            + ".\"},{\"role\":\"user\",\"content\":\"Question "
            + variant
            + ": ";
    String end = "\"}]}";
    int left = bodyBytes - start.length() - end.length();
    return start + WORDS.repeat(left / WORDS.length() + 1).substring(0, left) + end;
  }

  private static ByteBuffer request(String parameters, int variant, int bodyBytes) {
    String head =
        "POST /v1/chat/completions HTTP/1.1\r\n"
            + "Host: 127.0.0.1\r\n"
            + "User-Agent: bench/1\r\n"
            + "Accept: application/json\r\n"
            + "Authorization: Bearer "
            + KEY
            + "\r\n"
            + "Content-Type: application/json\r\n"
            + "Content-Length: "
            + bodyBytes
            + "\r\n\r\n";
    byte[] bytes =
        (head + body(parameters, variant, bodyBytes)).getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  /** The next request, in turn, as a buffer of its own. */
  ByteBuffer take() {
    next = (next + 1) % requests.length;
    return requests[next].duplicate();
  }
}
