package dev.caravan.ingress;

import dev.caravan.outcome.Outcome;

/** What the error route leaves as the body: the error for the client, the outcome for the books. */
public record Refusal(ClientError error, Outcome outcome) {}
