package dev.caravan.ingress;

import org.jspecify.annotations.Nullable;

/** What the headers of one request say of its conversation and its client. Of one event loop. */
final class ConversationHeaders {
  /** Where no listed header has come. */
  static final int NONE = Integer.MAX_VALUE;

  /** Those of a request that has none. Never told anything. */
  static final ConversationHeaders SILENT = new ConversationHeaders();

  /** The place in the list of keys of the first header that came, and what it says. */
  private int place = NONE;

  private String key = "";
  private @Nullable String cookies;
  private @Nullable String forwarded;
  private @Nullable String forwardedFor;
  private @Nullable String forwardedProto;

  /** A header that may name the conversation; a blank one does not. */
  void key(int placeInList, String value) {
    if (placeInList < place && !value.isBlank()) {
      place = placeInList;
      key = value;
    }
  }

  /** A header that the finder reads for other reasons. */
  void other(String name, String value) {
    switch (name) {
      case ConversationFinder.COOKIE -> cookies = joined(cookies, "; ", value);
      case ConversationFinder.FORWARDED -> forwarded = joined(forwarded, ", ", value);
      case ConversationFinder.FORWARDED_FOR -> forwardedFor = joined(forwardedFor, ", ", value);
      default -> forwardedProto = joined(forwardedProto, ", ", value);
    }
  }

  /** Header lines of one name are one list. */
  private static String joined(@Nullable String before, String comma, String value) {
    return before == null ? value : before + comma + value;
  }

  int place() {
    return place;
  }

  String key() {
    return key;
  }

  @Nullable String cookies() {
    return cookies;
  }

  @Nullable String forwarded() {
    return forwarded;
  }

  @Nullable String forwardedFor() {
    return forwardedFor;
  }

  @Nullable String forwardedProto() {
    return forwardedProto;
  }
}
