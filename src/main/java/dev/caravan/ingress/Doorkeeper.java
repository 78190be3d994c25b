package dev.caravan.ingress;

import dev.caravan.tenant.Access;
import dev.caravan.tenant.Client;
import dev.caravan.tenant.Denied;
import dev.caravan.tenant.Pending;
import dev.caravan.tenant.Standing;
import org.jspecify.annotations.Nullable;

/** Asks who is there, before anything else is done for them. Safe for any thread. */
final class Doorkeeper {
  private static final long A_MOMENT = 1_000;

  /*
   * RFC 6750, 3 and 3.1: a challenge without an error where there was nothing that could be checked.
   * Its invalid_request goes with a 400, which clients of OpenAI's API do not expect here.
   */
  private static final String ASK = "Bearer";
  private static final String INVALID = "Bearer error=\"invalid_token\"";

  private final Access access;
  private final boolean everybodyMayAsk;

  /** Whether whoever is on this machine may ask, and nobody else. */
  private final boolean onlyHere;

  /**
   * At a door.
   *
   * @param explain whether everybody may learn why requests go where they go, where nobody is known
   * @param open whether others than this machine may ask, where nobody is known
   */
  Doorkeeper(Access access, boolean explain, boolean open) {
    this.access = access;
    this.onlyHere = !access.required() && !open;
    this.everybodyMayAsk = explain;
  }

  /** Whether that client may learn why its request goes where it goes. */
  boolean mayAsk(Client client) {
    return access.required() ? client.explain() : everybodyMayAsk;
  }

  /**
   * Looks at a request's credentials; what is not known yet is left in {@link Incoming#pending}.
   *
   * @return the error to answer with, or null
   */
  @Nullable ClientError ask(Incoming request) {
    if (onlyHere && request.headers.foreign()) {
      // A page that is open in a browser here is on this machine, and is not its user.
      return ClientError.invalid(
          403, "Pages of other sites may not ask here without credentials.", "foreign_origin");
    }
    request.shown = request.headers.takeShown();
    return met(request, access.of(request.shown));
  }

  /** The answer to what was pending. */
  @Nullable ClientError told(Incoming request, Standing who) {
    if (who instanceof Denied why) {
      access.count(why);
    }
    return met(request, who);
  }

  private static @Nullable ClientError met(Incoming request, Standing who) {
    request.pending = who instanceof Pending later ? later : null;
    if (who instanceof Client known) {
      request.client = known;
    }
    return who instanceof Denied why ? refusal(why) : null;
  }

  /** What OpenAI says in such a case; a key is not repeated. */
  static ClientError refusal(Denied why) {
    return switch (why) {
      case MISSING ->
          unauthorized(
              "There is no API key: send it as Authorization: Bearer, x-api-key or api-key.", ASK);
      case MALFORMED -> unauthorized("The credentials are no API key and no token.", ASK);
      case CONTRADICTORY -> unauthorized("The request has two API keys that differ.", ASK);
      case UNKNOWN -> unauthorized("The API key or token is not valid here.", INVALID);
      case EXPIRED -> unauthorized("The API key or token has expired.", INVALID);
      case UNCHECKED ->
          new ClientError(
              503,
              ClientError.SERVER,
              "The token cannot be checked now.",
              null,
              "credentials_unchecked",
              A_MOMENT,
              null);
    };
  }

  private static ClientError unauthorized(String message, String challenge) {
    return new ClientError(
        401, ClientError.INVALID, message, null, "invalid_api_key", -1, challenge);
  }
}
