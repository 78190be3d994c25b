package dev.caravan.tracing;

import io.opentelemetry.api.common.AttributeKey;

/**
 * The attributes of spans. Those that do not begin with {@code caravan} are OpenTelemetry's.
 *
 * @see <a href="https://github.com/open-telemetry/semantic-conventions-genai">Semantic conventions
 *     for generative AI</a>, in development when this was written
 */
final class Keys {
  static final AttributeKey<String> OPERATION = text("gen_ai.operation.name");
  static final AttributeKey<String> PROVIDER = text("gen_ai.provider.name");
  static final AttributeKey<String> MODEL = text("gen_ai.request.model");
  static final AttributeKey<Boolean> STREAM = AttributeKey.booleanKey("gen_ai.request.stream");
  static final AttributeKey<Double> FIRST_CHUNK =
      AttributeKey.doubleKey("gen_ai.response.time_to_first_chunk");
  static final AttributeKey<Long> INPUT_TOKENS = number("gen_ai.usage.input_tokens");
  static final AttributeKey<Long> OUTPUT_TOKENS = number("gen_ai.usage.output_tokens");
  static final AttributeKey<Long> CACHED_TOKENS = number("gen_ai.usage.cache_read.input_tokens");
  static final AttributeKey<String> ERROR = text("error.type");
  static final AttributeKey<String> ADDRESS = text("server.address");
  static final AttributeKey<Long> PORT = number("server.port");
  static final AttributeKey<String> METHOD = text("http.request.method");
  static final AttributeKey<String> ROUTE = text("http.route");
  static final AttributeKey<Long> STATUS = number("http.response.status_code");
  static final AttributeKey<String> MESSAGING = text("messaging.operation.type");
  static final AttributeKey<String> REQUEST_ID = text("caravan.request_id");
  static final AttributeKey<String> JOBS = text("caravan.jobs");
  static final AttributeKey<String> POOL = text("caravan.pool");
  static final AttributeKey<String> SERVER = text("caravan.server");
  static final AttributeKey<Long> ATTEMPT = number("caravan.attempt");
  static final AttributeKey<String> PURPOSE = text("caravan.attempt.purpose");
  static final AttributeKey<String> BALANCER = text("caravan.balancer");
  static final AttributeKey<String> AFFINITY = text("caravan.affinity");
  static final AttributeKey<String> OUTCOME = text("caravan.outcome");
  static final AttributeKey<Long> ATTEMPTS = number("caravan.attempts");
  static final AttributeKey<Long> QUEUED_MILLIS = number("caravan.queued_ms");
  static final AttributeKey<Long> RESUMPTIONS = number("caravan.resumptions");

  /** What every model server speaks here, whoever made it. */
  static final String OPENAI = "openai";

  /** The event of the first token. */
  static final String FIRST_TOKEN = "first_token";

  private Keys() {}

  private static AttributeKey<String> text(String name) {
    return AttributeKey.stringKey(name);
  }

  private static AttributeKey<Long> number(String name) {
    return AttributeKey.longKey(name);
  }
}
