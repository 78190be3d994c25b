package dev.caravan.tenant;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The tenants and keys of one file, found by digest. Immutable. */
final class ClientTable {
  static final ClientTable EMPTY = new ClientTable(List.of(), List.of());

  /** A key and whom it lets in. */
  record Found(Client client, long expiresMillis) {}

  private final Map<String, Tenant> tenants = new LinkedHashMap<>();
  private final Map<String, ClientKey> keys = new LinkedHashMap<>();
  private final Map<Digest, Found> byDigest = new HashMap<>();

  /** Of all tenants, those of which only keys tell among them. */
  private final Set<String> names = new HashSet<>();

  ClientTable(Collection<Tenant> tenants, Collection<ClientKey> keys) {
    for (Tenant each : tenants) {
      this.tenants.put(each.name(), each);
      names.add(each.name());
    }
    for (ClientKey each : keys) {
      this.keys.put(each.id(), each);
      names.add(each.tenant());
      byDigest.put(each.digest(), new Found(client(each), each.expiresMillis()));
    }
  }

  private Client client(ClientKey key) {
    Tenant of = tenant(key.tenant());
    List<String> pools = key.pools();
    Priority priority = key.priority();
    Boolean explain = key.explain();
    return new Client(
        of.name(),
        Client.idOf(of.name()),
        key.id(),
        priority == null ? of.priority() : priority,
        Set.copyOf(pools == null ? of.pools() : pools),
        of.quota(),
        explain == null ? of.explain() : explain,
        true,
        of.inPools(),
        of.weight());
  }

  /** What is said of a tenant, or what holds where nothing is. */
  Tenant tenant(String name) {
    Tenant said = tenants.get(name);
    return said == null ? Tenant.unsaid(name) : said;
  }

  /** Whether the operator knows a tenant of that name. */
  boolean knows(String name) {
    return names.contains(name);
  }

  /**
   * Where a digest is kept says something of the digest that somebody has shown, and nothing of any
   * key: who could make use of that could turn SHA-256 round.
   */
  @Nullable Found find(Digest digest) {
    return byDigest.get(digest);
  }

  Collection<Tenant> tenants() {
    return tenants.values();
  }

  Collection<ClientKey> keys() {
    return keys.values();
  }

  @Nullable ClientKey key(String id) {
    return keys.get(id);
  }

  ClientTable with(ClientKey another) {
    List<ClientKey> all = new java.util.ArrayList<>(keys.values());
    all.add(another);
    return new ClientTable(tenants.values(), all);
  }

  ClientTable without(String id) {
    return new ClientTable(
        tenants.values(), keys.values().stream().filter(each -> !each.id().equals(id)).toList());
  }

  /** How many tenants there are. */
  int tenantCount() {
    return names.size();
  }
}
