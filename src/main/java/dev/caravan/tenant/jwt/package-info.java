/** Tokens of an OIDC provider: their signatures, and what their claims make of a client. */
@NullMarked
package dev.caravan.tenant.jwt;

import org.jspecify.annotations.NullMarked;
