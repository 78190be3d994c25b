package dev.caravan.tenant;

/** What is known of who asks: a client, nobody who may, or nothing yet. */
public sealed interface Standing permits Client, Denied, Pending {}
