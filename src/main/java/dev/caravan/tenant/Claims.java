package dev.caravan.tenant;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the claims of a checked token make of a client. */
public final class Claims {
  private static final Pattern CONTROL = Pattern.compile("[^\\x21-\\x7e]");
  private static final int LONGEST_SUBJECT = 64;

  private Claims() {}

  /**
   * The client of those claims. What the operator says of its tenant goes before what they say of
   * limits, and they can narrow the operator's list of pools and never widen it.
   *
   * @param said the operator's word on the tenant; null where there is none
   * @param subject whom the token is for, as it is told in logs
   * @throws IllegalArgumentException where a claim is missing or cannot be understood; its value is
   *     not told
   */
  public static Client client(
      String tenant,
      @Nullable Client said,
      String subject,
      @Nullable JsonNode pools,
      @Nullable JsonNode priority,
      @Nullable JsonNode quota) {
    if (!ClientFormat.NAME.matcher(tenant).matches()) {
      throw new IllegalArgumentException(
          "the claim of the tenant must be " + ClientFormat.NAME_ACCEPTED);
    }
    Set<String> claimed = pools(pools);
    Priority highest =
        priority == null ? null : ClientFormat.priority("priority", priority.asText());
    String key = CONTROL.matcher(subject).replaceAll("?");
    key = "jwt:" + key.substring(0, Math.min(LONGEST_SUBJECT, key.length()));
    if (said == null) {
      return new Client(
          tenant,
          Client.idOf(tenant),
          key,
          highest == null ? Priority.DEFAULT : highest,
          claimed,
          quota == null ? Quota.UNLIMITED : QuotaFormat.read("quota", quota),
          false,
          false);
    }
    Set<String> allowed = new HashSet<>(claimed.isEmpty() ? said.pools() : claimed);
    if (!claimed.isEmpty() && !said.pools().isEmpty()) {
      allowed.retainAll(said.pools());
      if (allowed.isEmpty()) {
        throw new IllegalArgumentException("none of its pools is one of its tenant's");
      }
    }
    return new Client(
        tenant,
        said.id(),
        key,
        highest == null || highest.compareTo(said.highest()) < 0 ? said.highest() : highest,
        allowed,
        said.quota(),
        said.explain(),
        true,
        said.inPools(),
        said.weight());
  }

  private static Set<String> pools(@Nullable JsonNode claim) {
    Set<String> names = new HashSet<>();
    if (claim == null || claim.isNull()) {
      return names;
    }
    if (claim.isArray()) {
      claim.forEach(each -> names.add(each.asText()));
    } else {
      names.addAll(Arrays.asList(claim.asText().strip().split("\\s+")));
    }
    names.remove("");
    if (names.isEmpty()) {
      // An empty list is no pool at all, and not all of them.
      throw new IllegalArgumentException("the claim of the pools names none");
    }
    return names;
  }
}
