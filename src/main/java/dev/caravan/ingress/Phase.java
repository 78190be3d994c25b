package dev.caravan.ingress;

/** How far the inference port is on its way out. In this order, and never back. */
enum Phase {
  /** It serves. */
  OPEN,
  /** It still serves, and asks every client to come back on another connection. */
  LEAVING,
  /** It takes nothing new; what runs goes on. */
  CLOSED,
  /** What still runs is cut, and connections without a request are closed. */
  OVER
}
