package dev.caravan.limit;

/** Whose limits an account counts. */
public enum Scope {
  /** Those of one tenant, over all pools together. */
  TENANT("tenant"),
  /** Those of one tenant in one pool. */
  TENANT_POOL("tenant_pool"),
  /** Those of one pool, for all its clients together. */
  POOL("pool");

  private final String label;

  Scope(String label) {
    this.label = label;
  }

  /** Its name in meters and in the management API. */
  public String label() {
    return label;
  }
}
