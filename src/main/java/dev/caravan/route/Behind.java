package dev.caravan.route;

import dev.caravan.fleet.Backend;
import dev.caravan.route.server.ServerGroup;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who is behind a {@code model:} endpoint for the steps of one route, from its start to its end:
 * one server, or those that are found. An endpoint outlives its routes, and may mean others later.
 *
 * @param one the server; null where it is many
 * @param many those that are found; null where it is one server
 */
record Behind(@Nullable Backend one, @Nullable ServerGroup many) {

  static Behind of(ModelEndpoint model) {
    ServerGroup many = model.group();
    return new Behind(many == null ? model.backend() : null, many);
  }

  /** The servers now. */
  List<Backend> servers() {
    return one != null ? List.of(one) : many != null ? many.servers() : List.of();
  }

  /** Tells somebody when there are others; nobody, where it is one server. */
  void onChange(Runnable changed) {
    if (many != null) {
      many.onChange(changed);
    }
  }

  void offChange(Runnable changed) {
    if (many != null) {
      many.offChange(changed);
    }
  }
}
