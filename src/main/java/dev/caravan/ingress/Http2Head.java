package dev.caravan.ingress;

import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes of a request's head in HTTP/2 the one that it would be in HTTP/1.1, so that both are
 * checked by the same rules. What HTTP/1.1 could not even write is marked as a failure of the
 * decoder. Names, the order of pseudo-headers, and fields that only HTTP/1.1 may have are checked
 * by Netty before, which resets the stream.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1">RFC 9113, 8.2.1 and 8.3.1</a>
 */
final class Http2Head {
  private static final DecoderResult NOT_HTTP =
      DecoderResult.failure(new IllegalArgumentException("a field that HTTP/1.1 could not have"));
  private static final DecoderResult TOO_LONG =
      DecoderResult.failure(new TooLongHttpLineException(":path"));

  private Http2Head() {}

  /**
   * The head in HTTP/1.1.
   *
   * @param last whether no body follows
   * @param maxLine the longest path in bytes
   */
  static HttpRequest of(Http2Headers sent, boolean last, int maxLine) {
    HttpHeaders fields =
        DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
    DecoderResult result = DecoderResult.SUCCESS;
    String path = one(sent, Http2Headers.PseudoHeaderName.PATH);
    String method = one(sent, Http2Headers.PseudoHeaderName.METHOD);
    if (path == null || !path.startsWith("/") || !visible(path) || !token(method)) {
      result = NOT_HTTP;
    } else if (path.length() > maxLine) {
      result = TOO_LONG;
    }
    for (Map.Entry<CharSequence, CharSequence> field : sent) {
      CharSequence name = field.getKey();
      if (name.length() > 0 && name.charAt(0) == ':') {
        continue;
      }
      String value = field.getValue().toString();
      if (!isText(value)) {
        result = NOT_HTTP;
        continue;
      }
      fields.add(name, value);
    }
    if (!host(sent, fields)) {
      result = NOT_HTTP;
    }
    if (!last && !fields.contains(HttpHeaderNames.CONTENT_LENGTH)) {
      // A body of which the length is told by its end.
      fields.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    }
    HttpRequest request =
        new DefaultHttpRequest(
            HttpVersion.HTTP_1_1,
            token(method) ? HttpMethod.valueOf(method) : HttpMethod.GET,
            path != null && result.isSuccess() ? path : "/", // Netty throws where it is none
            fields);
    request.setDecoderResult(result);
    return request;
  }

  /** The one value of a pseudo-header; null where there is none, or there are more. */
  private static @Nullable String one(Http2Headers sent, Http2Headers.PseudoHeaderName name) {
    var all = sent.getAll(name.value());
    return all.size() == 1 ? all.get(0).toString() : null;
  }

  /** Has {@code :authority} stand as the host; false where they are two. */
  private static boolean host(Http2Headers sent, HttpHeaders fields) {
    CharSequence authority = sent.authority();
    if (authority == null) {
      return true;
    }
    String host = fields.get(HttpHeaderNames.HOST);
    String said = authority.toString();
    if ((host != null && !host.equalsIgnoreCase(said))
        || fields.getAll(HttpHeaderNames.HOST).size() > 1
        || !visible(said)) {
      return false;
    }
    fields.set(HttpHeaderNames.HOST, said);
    return true;
  }

  private static boolean token(@Nullable String text) {
    return text != null && HeaderAllowList.isToken(text);
  }

  private static boolean visible(String text) {
    return isText(text) && text.indexOf(' ') < 0 && text.indexOf('\t') < 0;
  }

  /** Whether it can stand in a line: no control characters but tabs. */
  private static boolean isText(String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if ((c < ' ' && c != '\t') || c == 0x7f) {
        return false;
      }
    }
    return true;
  }
}
