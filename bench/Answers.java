import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The bytes the upstream answers with. */
final class Answers {
  static final int ANSWER_BYTES = 1024;
  static final int STAMP_DIGITS = 19;

  private static final String JSON_HEAD =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
  static final byte[] STREAM_HEAD =
      ascii(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
              + "Transfer-Encoding: chunked\r\n\r\n");
  static final byte[] STAMPED_EVENT =
      chunk(event("{\"content\":\"@" + "0".repeat(STAMP_DIGITS) + " \"}", "null"));
  static final int STAMP_OFFSET = indexOf(STAMPED_EVENT, ascii("@"), 0, STAMPED_EVENT.length) + 1;
  static final byte[] READY_EVENT = chunk(event("{\"content\":\"ready\"}", "null"));
  static final byte[] STREAM_END =
      join(chunk(event("{}", "\"stop\"")), chunk("data: [DONE]\n\n"), ascii("0\r\n\r\n"));

  static final byte[] ANSWER = json(completion("x".repeat(ANSWER_BYTES - completion("").length())));
  static final byte[] READY = json(completion("ready"));
  static final byte[] MODELS =
      json(
          "{\"object\":\"list\",\"data\":[{\"id\":\"bench\",\"object\":\"model\",\"owned_by\":\"bench\"}]}");

  private Answers() {}

  private static String completion(String content) {
    return "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"bench\",\"choices\":[{"
               + "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""
        + content
        + "\"},\"finish_reason\":\"stop\"}],"
        + "\"usage\":{\"prompt_tokens\":500,\"completion_tokens\":200,\"total_tokens\":700}}";
  }

  private static String event(String delta, String finishReason) {
    return "data:"
               + " {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\","
               + "\"choices\":[{\"index\":0,\"delta\":"
        + delta
        + ",\"finish_reason\":"
        + finishReason
        + "}]}\n\n";
  }

  static byte[] json(String body) {
    return ascii(JSON_HEAD + body.length() + "\r\n\r\n" + body);
  }

  private static byte[] chunk(String data) {
    return ascii(Integer.toHexString(data.length()) + "\r\n" + data + "\r\n");
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  static byte[] join(byte[]... parts) {
    ByteBuffer all = ByteBuffer.allocate(Arrays.stream(parts).mapToInt(part -> part.length).sum());
    for (byte[] part : parts) {
      all.put(part);
    }
    return all.array();
  }

  static int indexOf(byte[] in, byte[] wanted, int from, int to) {
    for (int i = from; i <= to - wanted.length; i++) {
      if (in[i] == wanted[0] && Arrays.equals(in, i, i + wanted.length, wanted, 0, wanted.length)) {
        return i;
      }
    }
    return -1;
  }
}
