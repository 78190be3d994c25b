package dev.caravan.ingress;

import dev.caravan.request.InferenceRequest;
import dev.caravan.request.InvalidRequest;
import dev.caravan.upstream.HeaderLines;
import dev.caravan.upstream.TraceContext;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What somebody asks who is not connected: the request, and what of its headers goes with it.
 * Immutable.
 *
 * @param lines for the model server
 * @param headers the same for the routes, by lower-case name
 * @param trace the trace that it says it is part of
 */
public record Asked(
    InferenceRequest request, HeaderLines lines, Map<String, String> headers, TraceContext trace) {

  /** What a message asks for, as {@link HttpIngress#ask} says. */
  static Asked of(
      InferenceRequest parsed,
      Iterable<Map.Entry<String, String>> headers,
      HeaderAllowList passed,
      ConversationFinder messages,
      @Nullable String named,
      @Nullable String key)
      throws InvalidRequest {
    HttpHeaders all = DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
    for (Map.Entry<String, String> header : headers) {
      if (passed.find(header.getKey()) != null) {
        check(header.getKey(), header.getValue());
      }
      all.add(header.getKey(), header.getValue());
    }
    PassedHeaders said = new PassedHeaders();
    HeaderLines lines = passed.lines(all, said);
    InferenceRequest request = messages.ofMessage(parsed, said.conversation(), named, key);
    return new Asked(request.background(true), lines, said.asMap(), said.trace());
  }

  /** Refuses a value that could not have come over HTTP, and must not go there. */
  static void check(String name, String value) throws InvalidRequest {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c != '\t' && (c < ' ' || c > '~')) {
        throw new InvalidRequest(
            400, "The header " + name + " holds what no header may.", null, "invalid_header");
      }
    }
  }
}
