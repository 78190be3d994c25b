package dev.caravan.tenant;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Limits as JSON: of a tenant, of a tenant in single pools, of a token's claim. */
final class QuotaFormat {
  private static final String REQUESTS = "requestsPerMinute";
  private static final String TOKENS = "tokensPerMinute";
  private static final String CONCURRENT = "concurrentRequests";
  private static final String MONTH = "tokensPerMonth";

  /** The fields that say limits. */
  static final Set<String> FIELDS = Set.of(REQUESTS, TOKENS, CONCURRENT, MONTH);

  /** Far from where sums of them would run over. */
  private static final long MOST = 1_000_000_000_000_000L;

  private QuotaFormat() {}

  /** What a claim or a tenant says of limits; what is not said is not limited. */
  static Quota read(String at, JsonNode said) {
    return new Quota(
        number(at, said, REQUESTS, MOST),
        number(at, said, TOKENS, MOST),
        (int) number(at, said, CONCURRENT, Integer.MAX_VALUE),
        number(at, said, MONTH, MOST));
  }

  private static long number(String at, JsonNode said, String field, long most) {
    JsonNode value = said.path(field);
    if (value.isMissingNode()) {
      return 0;
    }
    if (!value.canConvertToLong() || !value.isIntegralNumber()) {
      throw ClientFormat.wrong(at + "." + field, "must be a whole number");
    }
    long number = value.longValue();
    if (number < 0 || number > most) {
      throw ClientFormat.wrong(at + "." + field, "must be from 0, for no limit, to " + most);
    }
    return number;
  }

  /** What is said of limits in pools, by their names. */
  static Map<String, Quota> inPools(String at, JsonNode said) {
    if (said.isMissingNode() || said.isNull()) {
      return Map.of();
    }
    if (!said.isObject()) {
      throw ClientFormat.wrong(at, "must be an object, with a pool's name for each field");
    }
    Map<String, Quota> quotas = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> each : said.properties()) {
      ClientFormat.known(each.getValue(), at + "." + each.getKey(), FIELDS);
      quotas.put(each.getKey(), read(at + "." + each.getKey(), each.getValue()));
    }
    return Collections.unmodifiableMap(quotas);
  }

  /** What {@link #read} reads. */
  static void write(ObjectNode to, Quota quota) {
    limit(to, REQUESTS, quota.requestsPerMinute());
    limit(to, TOKENS, quota.tokensPerMinute());
    limit(to, CONCURRENT, quota.concurrentRequests());
    limit(to, MONTH, quota.tokensPerMonth());
  }

  private static void limit(ObjectNode to, String field, long value) {
    if (value > 0) {
      to.put(field, value);
    }
  }
}
