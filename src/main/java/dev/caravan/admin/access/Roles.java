package dev.caravan.admin.access;

import java.util.Set;

/** What somebody may do with the management API. An operator may do all that a viewer may. */
public final class Roles {
  /** Looks, and changes nothing. */
  public static final String VIEWER = "viewer";

  /** Changes what the fleet does. */
  public static final String OPERATOR = "operator";

  private Roles() {}

  /** The roles of somebody who was given that one. */
  static Set<String> of(String role) {
    return role.equals(OPERATOR) ? Set.of(VIEWER, OPERATOR) : Set.of(role);
  }
}
