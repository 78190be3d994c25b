/** Who may use the management API: roles, and the ways in that are Caravan's own. */
@NullMarked
package dev.caravan.admin.access;

import org.jspecify.annotations.NullMarked;
