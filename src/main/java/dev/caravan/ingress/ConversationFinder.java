package dev.caravan.ingress;

import dev.caravan.request.Conversation;
import dev.caravan.request.Conversation.Source;
import dev.caravan.request.ConversationKeys;
import dev.caravan.request.InferenceRequest;
import dev.caravan.time.Secrets;
import io.netty.channel.Channel;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Says which conversation a request belongs to: the first key of a list that it has. Made once from
 * what is set; safe for any thread.
 */
public final class ConversationFinder {
  static final String COOKIE = "cookie";
  static final String FORWARDED = "forwarded";
  static final String FORWARDED_FOR = "x-forwarded-for";
  static final String FORWARDED_PROTO = "x-forwarded-proto";

  private static final String HEADER = "header:";

  /** What a place of the list asks for. */
  private enum Kind {
    HEADER("header:NAME", Source.HEADER),
    COOKIE("cookie", Source.COOKIE),
    PROMPT_CACHE_KEY("body:prompt_cache_key", Source.BODY),
    PREVIOUS_RESPONSE("body:previous_response_id", Source.PREVIOUS_RESPONSE),
    CONVERSATION("body:conversation", Source.BODY),
    METADATA_USER("body:metadata.user_id", Source.BODY),
    USER("body:user", Source.BODY),
    PROMPT("prompt", Source.PROMPT),
    ADDRESS("address", Source.ADDRESS);

    private final String word;
    private final Source source;

    Kind(String word, Source source) {
      this.word = word;
      this.source = source;
    }
  }

  private final Kind[] kinds;

  /** The header that each place of the list asks for; empty where it asks for something else. */
  private final List<String> headers;

  private final Set<String> others;
  private final ClientAddress addresses;
  private final @Nullable ConversationCookie cookie;
  private final LongAdder made = new LongAdder();

  private ConversationFinder(
      Kind[] kinds,
      List<String> headers,
      Set<String> others,
      ClientAddress addresses,
      @Nullable ConversationCookie cookie) {
    this.kinds = kinds;
    this.headers = headers;
    this.others = others;
    this.addresses = addresses;
    this.cookie = cookie;
  }

  /**
   * A finder that goes by those settings.
   *
   * @throws IllegalArgumentException where they make no sense; the message begins with the last
   *     words of the setting at fault, and says what would be right
   */
  public static ConversationFinder of(ConversationSettings settings, Secrets secrets) {
    List<Kind> kinds = new ArrayList<>();
    List<String> headers = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (String key : settings.keys()) {
      String entry = key.strip().toLowerCase(Locale.ROOT);
      Kind kind = kind(entry);
      if (!seen.add(entry)) {
        throw new IllegalArgumentException("keys: \"" + entry + "\" is there twice");
      }
      kinds.add(kind);
      headers.add(kind == Kind.HEADER ? entry.substring(HEADER.length()) : "");
    }
    ClientAddress addresses;
    try {
      addresses = new ClientAddress(settings.trustedProxies());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("trusted-proxies: " + e.getMessage());
    }
    Set<String> others = new HashSet<>();
    ConversationCookie cookie = null;
    ConversationSettings.Cookie wanted = settings.cookie();
    if (wanted != null) {
      cookie = cookie(wanted, kinds, secrets);
      others.add(COOKIE);
    }
    if (!settings.trustedProxies().isEmpty()) {
      others.addAll(List.of(FORWARDED, FORWARDED_FOR, FORWARDED_PROTO));
    }
    return new ConversationFinder(
        kinds.toArray(Kind[]::new), List.copyOf(headers), Set.copyOf(others), addresses, cookie);
  }

  private static Kind kind(String entry) {
    if (entry.startsWith(HEADER) && HeaderAllowList.isToken(entry.substring(HEADER.length()))) {
      return Kind.HEADER;
    }
    for (Kind kind : Kind.values()) {
      if (kind != Kind.HEADER && kind.word.equals(entry)) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "keys: \""
            + entry
            + "\" is none of "
            + Arrays.stream(Kind.values())
                .map(kind -> kind.word)
                .collect(Collectors.joining(", ")));
  }

  private static ConversationCookie cookie(
      ConversationSettings.Cookie wanted, List<Kind> kinds, Secrets secrets) {
    if (!kinds.contains(Kind.COOKIE)) {
      throw new IllegalArgumentException(
          "cookie.enabled: it is true, but caravan.conversation.keys has no \"cookie\"");
    }
    try {
      return new ConversationCookie(wanted.name(), wanted.keys(), wanted.maxAgeSeconds(), secrets);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("cookie." + e.getMessage());
    }
  }

  /** Header names by place in the list of keys; empty where that is no header. */
  List<String> headers() {
    return headers;
  }

  /** Further headers that are read, by lower-case name. */
  Set<String> others() {
    return others;
  }

  /** Cookies that were made so far. */
  public long made() {
    return made.sum();
  }

  /** Requests so far whose cookie no key of ours has signed. */
  public long refused() {
    ConversationCookie own = cookie;
    return own == null ? 0 : own.refused();
  }

  /**
   * The request as part of its conversation; itself where it has none of the keys.
   *
   * @param incoming learns of a cookie that its answer is to carry
   * @param client the connection it came on
   */
  InferenceRequest find(InferenceRequest request, Incoming incoming, Channel client) {
    Conversation found =
        conversation(
            request, incoming.headers.conversation(), client.remoteAddress(), incoming, client);
    return found.known() ? request.in(found) : request;
  }

  /**
   * The request as part of the conversation that it would belong to, if it came; counts nothing.
   *
   * @param from where it would come from; null for nowhere
   */
  InferenceRequest imagine(
      InferenceRequest request, ConversationHeaders said, @Nullable SocketAddress from) {
    Conversation found = conversation(request, said, from, null, null);
    return found.known() ? request.in(found) : request;
  }

  /**
   * A request that came as a message, as part of its conversation. Nobody there has cookies.
   *
   * @param named what the message says outright
   * @param key what its queue keeps together
   */
  InferenceRequest ofMessage(
      InferenceRequest request,
      ConversationHeaders said,
      @Nullable String named,
      @Nullable String key) {
    Conversation found;
    if (named != null && !named.isBlank()) {
      found = Conversation.of(Source.HEADER, named);
    } else if (said.place() != ConversationHeaders.NONE) {
      found = Conversation.of(Source.HEADER, said.key());
    } else if (key != null && !key.isBlank()) {
      found = Conversation.of(Source.KEY, key);
    } else {
      found = conversation(request, said, null, null, null);
    }
    return found.known() ? request.in(found) : request;
  }

  /** The same without the cookie. */
  ConversationFinder forMessages() {
    return cookie == null ? this : new ConversationFinder(kinds, headers, others, addresses, null);
  }

  /** The incoming request and its connection are null for one that has not really come. */
  private Conversation conversation(
      InferenceRequest request,
      ConversationHeaders said,
      @Nullable SocketAddress from,
      @Nullable Incoming incoming,
      @Nullable Channel client) {
    for (int place = 0; place < kinds.length; place++) {
      Kind kind = kinds[place];
      Conversation found =
          switch (kind) {
            case HEADER ->
                said.place() == place
                    ? Conversation.of(kind.source, said.key())
                    : Conversation.NONE;
            case COOKIE -> byCookie(said, incoming, client);
            case PROMPT -> request.opening();
            case ADDRESS -> named(kind, addresses.of(from, said));
            default -> named(kind, field(kind, request.conversationKeys()));
          };
      if (found.known()) {
        return found;
      }
    }
    return Conversation.NONE;
  }

  private static @Nullable String field(Kind kind, ConversationKeys keys) {
    return switch (kind) {
      case PROMPT_CACHE_KEY -> keys.promptCacheKey();
      case PREVIOUS_RESPONSE -> keys.previousResponseId();
      case CONVERSATION -> keys.conversation();
      case METADATA_USER -> keys.metadataUserId();
      default -> keys.user();
    };
  }

  private static Conversation named(Kind kind, @Nullable String key) {
    return key == null ? Conversation.NONE : Conversation.of(kind.source, key);
  }

  /** By the cookie that came; where none did, by a new one, so that the next request has it. */
  private Conversation byCookie(
      ConversationHeaders said, @Nullable Incoming incoming, @Nullable Channel client) {
    ConversationCookie own = cookie;
    if (own == null) {
      return Conversation.NONE;
    }
    String cookies = said.cookies();
    String value = cookies == null ? null : own.in(cookies, incoming != null);
    if (value == null) {
      value = own.next();
      if (incoming != null && client != null) {
        made.increment();
        boolean secure =
            SecurePort.secures(client) || addresses.securely(client.remoteAddress(), said);
        incoming.cookieLine = own.line(value, secure);
      }
    }
    return Conversation.of(Source.COOKIE, ConversationCookie.conversation(value));
  }
}
