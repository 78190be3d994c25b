package dev.caravan.ingress;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** The models that can be asked for: what {@code GET /v1/models} tells. Safe for any thread. */
public interface ModelCatalog {

  /**
   * One model.
   *
   * @param id its name, or an alias of it
   * @param createdSeconds since when it is served, in seconds since 1970
   */
  record Entry(String id, long createdSeconds) {}

  /** All of them, aliases included, by name. */
  Collection<Entry> all();

  /** The pool that serves the model of that name; the name itself where nobody knows better. */
  default String pool(String id) {
    return id;
  }

  /** The one of that name, or null. */
  @Nullable Entry find(String id);
}
