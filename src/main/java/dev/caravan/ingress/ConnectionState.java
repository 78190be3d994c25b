package dev.caravan.ingress;

/** What a client's connection is about. */
enum ConnectionState {
  /** Between requests, or reading a head. */
  HEAD,
  /** Reading a body. */
  BODY,
  /** A whole request is being answered. */
  ANSWERING,
  /** The last answer is out; waiting for the client to close. */
  LINGER
}
