/** Tests of who may ask. */
@org.jspecify.annotations.NullMarked
package dev.caravan.tenant.jwt;
