package dev.caravan.ingress;

import dev.caravan.request.Api;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a request's head says, checked: which operation, how long the body, whether the connection
 * stays open; or the error to answer with.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9112#section-6.3">RFC 9112, 6.3</a>
 */
final class RequestHead {
  private static final String MODELS = "/v1/models";

  private final boolean http10;
  private final boolean headOnly;
  private boolean keepAlive;
  private @Nullable Api api;
  private @Nullable String modelId;
  private String pathLabel = "other";
  private long contentLength = -1;
  private boolean expectsContinue;
  private @Nullable ClientError error;
  private boolean fatal;

  private RequestHead(HttpRequest request) {
    http10 = request.protocolVersion().equals(HttpVersion.HTTP_1_0);
    headOnly = request.method().equals(HttpMethod.HEAD);
    keepAlive = HttpUtil.isKeepAlive(request);
  }

  static RequestHead of(HttpRequest request, int maxBody) {
    RequestHead head = new RequestHead(request);
    head.checkFraming(request);
    if (!head.fatal) {
      // Before anything else can be wrong: a client that waits is to be refused at once.
      String expect = request.headers().get(HttpHeaderNames.EXPECT);
      head.expectsContinue = expect != null && !head.http10 && head.contentLength != 0;
      head.route(request);
      if (head.error == null) {
        head.checkBody(request.headers(), maxBody);
      }
    }
    return head;
  }

  static ClientError tooLarge(HttpSettings settings) {
    return tooLarge(settings.maxBody());
  }

  private static ClientError tooLarge(int maxBody) {
    return ClientError.invalid(
        413, "The body is larger than " + maxBody + " bytes.", "request_too_large");
  }

  // ---- framing: a head that may mean two things ends the connection

  private void checkFraming(HttpRequest request) {
    if (request.decoderResult().isFailure()) {
      Throwable cause = request.decoderResult().cause();
      if (cause instanceof TooLongHttpLineException) {
        fatal(ClientError.invalid(414, "The request line is too long.", null));
      } else if (cause instanceof TooLongFrameException) {
        fatal(ClientError.invalid(431, "The headers are too large.", null));
      } else {
        fatal(ClientError.invalid(400, "The request is not valid HTTP.", null));
      }
      return;
    }
    HttpVersion version = request.protocolVersion();
    if (version.majorVersion() != 1 || version.minorVersion() > 1) {
      fatal(ClientError.invalid(505, "HTTP/1.1 is spoken here.", null));
      return;
    }
    HttpHeaders headers = request.headers();
    List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
    if (hosts.size() > 1 || (hosts.isEmpty() && !http10)) {
      fatal(ClientError.invalid(400, "Exactly one Host header is needed.", null));
      return;
    }
    if (!hosts.isEmpty() && !Authority.isHost(hosts.get(0))) {
      fatal(ClientError.invalid(400, "The Host header is not a host.", null));
      return;
    }
    List<String> encodings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
    List<String> lengths = headers.getAll(HttpHeaderNames.CONTENT_LENGTH);
    if (!encodings.isEmpty()) {
      if (!lengths.isEmpty() || http10) {
        fatal(
            ClientError.invalid(400, "Transfer-Encoding cannot be used with this request.", null));
      } else if (encodings.size() > 1 || !encodings.get(0).trim().equalsIgnoreCase("chunked")) {
        fatal(ClientError.invalid(501, "Only the chunked transfer encoding is known.", null));
      }
    } else if (!lengths.isEmpty()) {
      contentLength = length(lengths);
      if (contentLength < 0) {
        fatal(ClientError.invalid(400, "Content-Length is not one number.", null));
      }
    } else {
      contentLength = 0;
    }
  }

  private static long length(List<String> values) {
    String value = values.get(0);
    if (values.size() > 1 || value.isEmpty() || value.length() > 18) {
      return -1;
    }
    for (int i = 0; i < value.length(); i++) {
      if (value.charAt(i) < '0' || value.charAt(i) > '9') {
        return -1;
      }
    }
    return Long.parseLong(value);
  }

  private void fatal(ClientError why) {
    error = why;
    fatal = true;
    keepAlive = false;
  }

  // ---- routing

  private void route(HttpRequest request) {
    String path = path(request.uri());
    if (path == null) {
      error = ClientError.invalid(400, "The request's target is not a path.", null);
      return;
    }
    for (Api known : Api.values()) {
      if (known.path().equals(path)) {
        pathLabel = path;
        if (request.method().equals(HttpMethod.POST)) {
          api = known;
        } else {
          error = ClientError.wrongMethod("POST");
        }
        return;
      }
    }
    if (path.equals(MODELS) || (path.startsWith(MODELS + "/") && path.length() > 11)) {
      pathLabel = MODELS;
      if (!request.method().equals(HttpMethod.GET) && !headOnly) {
        error = ClientError.wrongMethod("GET");
        return;
      }
      modelId = path.equals(MODELS) ? null : decoded(path.substring(MODELS.length() + 1));
      return;
    }
    error =
        new ClientError(
            404,
            ClientError.INVALID,
            "There is nothing at this path. Known: /v1/chat/completions, /v1/completions,"
                + " /v1/embeddings, /v1/responses, /v1/models.",
            null,
            "unknown_url",
            -1,
            null);
  }

  private static @Nullable String path(String uri) {
    int from = 0;
    if (!uri.startsWith("/")) {
      // The absolute form; the authority says nothing that is used here.
      int scheme = uri.startsWith("http://") ? 7 : uri.startsWith("https://") ? 8 : -1;
      if (scheme < 0) {
        return null;
      }
      from = Authority.end(uri, scheme);
      if (from == scheme || !Authority.isHost(uri.substring(scheme, from))) {
        return null;
      }
      if (from == uri.length() || uri.charAt(from) != '/') {
        return "/";
      }
    }
    int end = uri.length();
    for (int i = from; i < uri.length(); i++) {
      char c = uri.charAt(i);
      if (c == '?' || c == '#') {
        end = i;
        break;
      }
    }
    return from == 0 && end == uri.length() ? uri : uri.substring(from, end);
  }

  private static String decoded(String raw) {
    try {
      return QueryStringDecoder.decodeComponent(raw);
    } catch (IllegalArgumentException notEncoded) {
      return raw;
    }
  }

  // ---- the body to come

  private void checkBody(HttpHeaders headers, int maxBody) {
    String coding = headers.get(HttpHeaderNames.CONTENT_ENCODING);
    if (coding != null && !coding.equalsIgnoreCase("identity")) {
      error = ClientError.invalid(415, "Send the body without a content encoding.", null);
      return;
    }
    if (contentLength > maxBody) {
      error = tooLarge(maxBody);
      keepAlive = false;
      return;
    }
    String expect = headers.get(HttpHeaderNames.EXPECT);
    if (expect != null && !expect.equalsIgnoreCase("100-continue")) {
      error = ClientError.invalid(417, "Only 100-continue can be expected.", null);
    }
  }

  // ---- what was found

  boolean http10() {
    return http10;
  }

  boolean headOnly() {
    return headOnly;
  }

  boolean keepAlive() {
    return keepAlive;
  }

  /** This is the last request of its connection. */
  void close() {
    keepAlive = false;
  }

  /** The operation; null where the models are asked for, or nothing that is known. */
  @Nullable Api api() {
    return api;
  }

  /** The one model asked for; null for all of them. */
  @Nullable String modelId() {
    return modelId;
  }

  /** The path, from a fixed set. */
  String pathLabel() {
    return pathLabel;
  }

  /** The body's length in bytes; 0 for none, -1 where chunks will tell. */
  long contentLength() {
    return contentLength;
  }

  /** Whether the client may wait for a word before it sends the body. */
  boolean expectsContinue() {
    return expectsContinue;
  }

  /** What is wrong with it, or null. */
  @Nullable ClientError error() {
    return error;
  }

  /** Whether a body that nobody will look at is not worth waiting for. */
  boolean unread(ClientError why, int worthIt) {
    return expectsContinue || why.status() == 413 || contentLength > worthIt;
  }

  /** Whether nothing behind this head can be trusted. */
  boolean fatal() {
    return fatal;
  }
}
