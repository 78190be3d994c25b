package dev.caravan.tenant;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The file of tenants and keys as JSON. What is wrong is told without a value: it may be a key. */
final class ClientFormat {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** What tenants and keys may be called. */
  static final Pattern NAME = Pattern.compile("[\\w.@-]{1,64}");

  static final String NAME_ACCEPTED = "1 to 64 letters, digits and . _ @ -";

  private static final String PRIORITY = "priority";
  private static final String POOLS = "pools";
  private static final String EXPLAIN = "explain";
  private static final String WEIGHT = "weight";
  private static final String IN_POOLS = "limitsInPools";
  private static final Set<String> KEY =
      Set.of("id", "tenant", "sha256", POOLS, PRIORITY, "expires", EXPLAIN);

  private ClientFormat() {}

  /**
   * Reads a file's content.
   *
   * @throws IllegalArgumentException with where and what is wrong
   */
  static ClientTable read(byte[] content) {
    JsonNode root;
    try {
      root = JSON.readTree(content);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          e.getLocation() == null
              ? "it is not JSON"
              : "line " + e.getLocation().getLineNr() + ": it is not JSON, or names a field twice",
          null);
    } catch (IOException e) {
      throw new IllegalArgumentException("it is not JSON", null);
    }
    known(root, "the file", Set.of("tenants", "keys"));
    List<Tenant> tenants = new ArrayList<>();
    JsonNode named = root.path("tenants");
    if (!named.isMissingNode() && !named.isObject()) {
      throw wrong("tenants", "must be an object, with a tenant's name for each field");
    }
    for (Map.Entry<String, JsonNode> each : named.properties()) {
      tenants.add(tenant(each.getKey(), each.getValue()));
    }
    List<ClientKey> keys = new ArrayList<>();
    JsonNode listed = root.path("keys");
    if (!listed.isMissingNode() && !listed.isArray()) {
      throw wrong("keys", "must be a list");
    }
    Set<String> ids = new HashSet<>();
    Set<Digest> digests = new HashSet<>();
    for (int i = 0; i < listed.size(); i++) {
      String at = "keys[" + i + "]";
      ClientKey key = key(at, listed.get(i));
      if (!ids.add(key.id())) {
        throw wrong(at + ".id", "is that of another key");
      }
      if (!digests.add(key.digest())) {
        throw wrong(at + ".sha256", "is that of another key");
      }
      keys.add(key);
    }
    return new ClientTable(tenants, keys);
  }

  static IllegalArgumentException wrong(String where, String what) {
    return new IllegalArgumentException(where + " " + what);
  }

  static void known(JsonNode node, String at, Set<String> fields) {
    if (!node.isObject()) {
      throw wrong(at, "must be an object");
    }
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      if (!fields.contains(names.next())) {
        throw wrong(at, "has a field that is none of " + String.join(", ", sorted(fields)));
      }
    }
  }

  private static List<String> sorted(Set<String> names) {
    return names.stream().sorted().toList();
  }

  private static Tenant tenant(String name, JsonNode said) {
    if (!NAME.matcher(name).matches()) {
      throw wrong("tenants", "has a name that is not " + NAME_ACCEPTED);
    }
    String at = "tenants." + name;
    Set<String> fields = new HashSet<>(QuotaFormat.FIELDS);
    fields.addAll(List.of(POOLS, PRIORITY, EXPLAIN, IN_POOLS, WEIGHT));
    known(said, at, fields);
    List<String> pools = pools(at, said);
    Priority priority = priority(at, said);
    Boolean explain = explain(at, said);
    return new Tenant(
        name,
        QuotaFormat.read(at, said),
        pools == null ? List.of() : pools,
        priority == null ? Priority.DEFAULT : priority,
        explain != null && explain,
        QuotaFormat.inPools(at + "." + IN_POOLS, said.path(IN_POOLS)),
        weight(at + "." + WEIGHT, said.path(WEIGHT)));
  }

  private static int weight(String at, JsonNode said) {
    if (said.isMissingNode() || said.isNull()) {
      return 1;
    }
    int weight = said.isIntegralNumber() && said.canConvertToInt() ? said.intValue() : 0;
    if (weight < 1 || weight > Tenant.MOST_WEIGHT) {
      throw wrong(at, "must be a whole number from 1 to " + Tenant.MOST_WEIGHT);
    }
    return weight;
  }

  private static ClientKey key(String at, JsonNode said) {
    known(said, at, KEY);
    return new ClientKey(
        name(at + ".id", said.path("id")),
        name(at + ".tenant", said.path("tenant")),
        digest(at + ".sha256", said.path("sha256")),
        pools(at, said),
        priority(at, said),
        expires(at + ".expires", said.path("expires")),
        explain(at, said));
  }

  private static String name(String at, JsonNode said) {
    if (!said.isTextual() || !NAME.matcher(said.textValue()).matches()) {
      throw wrong(at, "must be " + NAME_ACCEPTED);
    }
    return said.textValue();
  }

  private static Digest digest(String at, JsonNode said) {
    try {
      return Digest.ofHex(said.asText());
    } catch (IllegalArgumentException e) {
      throw wrong(at, "must be the key's SHA-256 in 64 hex digits");
    }
  }

  private static long expires(String at, JsonNode said) {
    return said.isMissingNode() || said.isNull() ? 0 : expires(at, said.asText());
  }

  /** The time that a text names, in milliseconds since 1970. */
  static long expires(String at, String text) {
    try {
      return Math.max(1, OffsetDateTime.parse(text).toInstant().toEpochMilli());
    } catch (DateTimeException | ArithmeticException e) {
      throw wrong(at, "must be a time such as 2030-01-31T00:00:00Z");
    }
  }

  private static @Nullable List<String> pools(String at, JsonNode said) {
    JsonNode list = said.path(POOLS);
    if (list.isMissingNode() || list.isNull()) {
      return null;
    }
    List<String> pools = new ArrayList<>();
    boolean right = list.isArray() && !list.isEmpty();
    for (JsonNode each : list) {
      right &= each.isTextual() && !each.textValue().isBlank();
      pools.add(each.asText());
    }
    if (!right) {
      throw wrong(
          at + "." + POOLS, "must be a list of the names of pools; without it, all of them");
    }
    return List.copyOf(pools);
  }

  private static @Nullable Priority priority(String at, JsonNode said) {
    JsonNode word = said.path(PRIORITY);
    return word.isMissingNode() || word.isNull()
        ? null
        : priority(at + "." + PRIORITY, word.asText());
  }

  /** The class of that name. */
  static Priority priority(String at, String word) {
    for (Priority each : Priority.values()) {
      if (each.label().equals(word.toLowerCase(Locale.ROOT))) {
        return each;
      }
    }
    throw wrong(at, "must be interactive, default or batch");
  }

  private static @Nullable Boolean explain(String at, JsonNode said) {
    JsonNode flag = said.path(EXPLAIN);
    if (flag.isMissingNode() || flag.isNull()) {
      return null;
    }
    if (!flag.isBoolean()) {
      throw wrong(at + "." + EXPLAIN, "must be true or false");
    }
    return flag.booleanValue();
  }

  /** What {@link #read} reads. */
  static byte[] write(ClientTable table) {
    ObjectNode root = JSON.createObjectNode();
    ObjectNode tenants = root.putObject("tenants");
    for (Tenant each : table.tenants()) {
      ObjectNode said = tenants.putObject(each.name());
      QuotaFormat.write(said, each.quota());
      rights(said, each.pools().isEmpty() ? null : each.pools(), each.priority(), each.explain());
      if (each.weight() != 1) {
        said.put(WEIGHT, each.weight());
      }
      if (!each.inPools().isEmpty()) {
        ObjectNode pools = said.putObject(IN_POOLS);
        each.inPools().forEach((pool, quota) -> QuotaFormat.write(pools.putObject(pool), quota));
      }
    }
    ArrayNode keys = root.putArray("keys");
    for (ClientKey each : table.keys()) {
      ObjectNode said = keys.addObject();
      said.put("id", each.id()).put("tenant", each.tenant()).put("sha256", each.digest().hex());
      rights(said, each.pools(), each.priority(), each.explain());
      if (each.expiresMillis() > 0) {
        said.put("expires", Instant.ofEpochMilli(each.expiresMillis()).toString());
      }
    }
    try {
      String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root);
      return (text + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e); // a tree can always be written
    }
  }

  private static void rights(
      ObjectNode to,
      @Nullable List<String> pools,
      @Nullable Priority priority,
      @Nullable Boolean explain) {
    if (pools != null) {
      pools.forEach(to.putArray(POOLS)::add);
    }
    if (priority != null) {
      to.put(PRIORITY, priority.label());
    }
    if (explain != null) {
      to.put(EXPLAIN, explain);
    }
  }
}
