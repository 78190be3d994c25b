package dev.caravan.request;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of a request once: all of it is checked to be JSON, only the fields that routing
 * needs become values, everything else is skipped. Works on the calling thread, without input or
 * output, in time linear in the body. Safe for any thread.
 *
 * <p>Where a field other than {@code model} stands twice, the last one counts, as with the JSON
 * readers of the common model servers.
 */
public final class RequestParser {
  /* Design
   *
   * Bytes. Jackson's UTF-8 parser is fastest on a byte[]. A heap buffer lends its own array. Direct
   * and composite buffers are copied once into an array that the thread keeps: one memcpy is
   * little beside the parse, while reading them through an InputStream adds Jackson's own copy into
   * 8000-byte blocks on top, loses the byte span of the prompt across blocks, and would still need a
   * second pass for the digest.
   *
   * Strings. Jackson decodes a string only when asked. It is never asked: the places of the few
   * strings that matter are noted on the way, and they are decoded from the bytes when the whole
   * document is known to be valid. A megabyte in "user" therefore costs no more than skipping it.
   *
   * Strictness. Jackson detects UTF-16 and UTF-32, drops a byte order mark, and lets overlong UTF-8
   * and encoded surrogates pass. The bytes that go upstream are the client's own, so whatever two
   * parsers may read in two ways is refused here, before Jackson sees it.
   */

  /** The longest model name, in UTF-16 units. Chosen without experiment. */
  public static final int MAX_MODEL_LENGTH = 256;

  /**
   * Levels of objects and arrays, the body's own object included. Chosen without experiment: a
   * tenth of where Python's own JSON reader stops.
   */
  public static final int MAX_DEPTH = 100;

  /** Characters of one number: Jackson's default, far above what a double can tell apart. */
  public static final int MAX_NUMBER_LENGTH = 1000;

  /** Bytes of one field name. Chosen without experiment: tools allow 64. */
  public static final int MAX_NAME_LENGTH = 4096;

  private static final String MODEL = "model";

  private static final JsonFactory JSON =
      new JsonFactoryBuilder()
          // Names come from clients: they must not fill the JVM's table of interned strings.
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .recyclerPool(JsonRecyclerPools.threadLocalPool())
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(MAX_NUMBER_LENGTH)
                  .maxNameLength(MAX_NAME_LENGTH)
                  .build())
          .build();

  /**
   * The largest array that a thread keeps, in bytes: a prompt of a mebibyte and what is around it.
   * A longer body gets one of its own.
   */
  private static final int MAX_SCRATCH = 2 << 20;

  private static final int MIN_SCRATCH = 16 << 10;

  private static final FastThreadLocal<byte[]> SCRATCH =
      new FastThreadLocal<>() {
        @Override
        protected byte[] initialValue() {
          return new byte[MIN_SCRATCH];
        }
      };

  /**
   * What the body asks for.
   *
   * @param body the whole body between its indexes; neither these nor its reference count change.
   *     It is lent to the result, which reads it again in {@link InferenceRequest#bodyFor}
   * @throws InvalidRequest with status 400 if the body is not one JSON object in UTF-8, or if a
   *     field that is read here has a wrong type or value. A missing prompt is no error: what else
   *     a request needs is the model server's to say
   */
  public InferenceRequest parse(Api api, ByteBuf body) throws InvalidRequest {
    int length = body.readableBytes();
    if (body.hasArray()) {
      return parse(api, body, body.array(), body.arrayOffset() + body.readerIndex(), length);
    }
    byte[] copy = scratch(length);
    body.getBytes(body.readerIndex(), copy, 0, length);
    return parse(api, body, copy, 0, length);
  }

  private static byte[] scratch(int length) {
    if (length > MAX_SCRATCH) {
      return new byte[length];
    }
    byte[] kept = SCRATCH.get();
    if (kept.length < length) {
      // The next power of two, so that growing bodies do not replace the array every time.
      kept = new byte[Integer.highestOneBit(length - 1) << 1];
      SCRATCH.set(kept);
    }
    return kept;
  }

  private static InferenceRequest parse(Api api, ByteBuf body, byte[] bytes, int from, int length)
      throws InvalidRequest {
    int to = from + length;
    checkEncoding(bytes, from, to);
    BodyFields fields = new BodyFields();
    try (JsonParser parser = JSON.createParser(bytes, from, length)) {
      try {
        fields.read(parser, api.promptField(), bytes, from);
      } catch (IOException e) {
        throw malformed(e, parser);
      }
    } catch (IOException e) {
      throw InvalidRequest.badRequest("The body of your request is not valid JSON.", null, null);
    }
    if (fields.model < 0) {
      throw BodyFields.missingModel();
    }
    int quote = from + fields.model;
    String model = JsonText.decode(bytes, quote, MAX_MODEL_LENGTH + 2);
    checkModel(model);
    int modelEnd = JsonText.end(bytes, quote) - from;
    int promptFrom = from + fields.promptStart;
    int promptTo = from + fields.promptEnd;
    return new InferenceRequest(
        api,
        body,
        model,
        fields.model,
        modelEnd,
        fields.stream,
        fields.includeUsage,
        fields.usagePlace,
        fields.maxCompletionTokens >= 0 ? fields.maxCompletionTokens : fields.maxTokens,
        promptTo - promptFrom,
        promptTo == promptFrom ? 0 : XxHash64.hash(bytes, promptFrom, promptTo),
        conversation(fields, bytes, from),
        new PromptPlace(
            fields.promptStart,
            api == Api.EMBEDDINGS ? 0 : fields.openingBytes(),
            fields.toolsStart,
            fields.toolsEnd - fields.toolsStart,
            fields.promptTokens()));
  }

  /** The chunks of the prompt that is there in a body that was parsed before. */
  static PromptPrefix prefix(
      ByteBuf body, PromptPlace place, int length, String model, long tenant) {
    if (length == 0) {
      return PromptPrefix.NONE;
    }
    PromptReader reader = PromptReader.get();
    int toolsBytes = place.toolsBytes();
    int first = body.readerIndex();
    if (body.hasArray()) {
      byte[] bytes = body.array();
      first += body.arrayOffset();
      long tools = toolsBytes == 0 ? 0 : reader.digest(bytes, first + place.toolsStart());
      return reader.prefix(
          bytes,
          first + place.start(),
          PromptPrefix.seed(tenant, model, tools),
          BodyFields.toolsTokens(toolsBytes));
    }
    byte[] copy = scratch(Math.max(length, toolsBytes) + 1);
    long tools = 0;
    if (toolsBytes > 0) {
      body.getBytes(first + place.toolsStart(), copy, 0, toolsBytes);
      copy[toolsBytes] = 0;
      tools = reader.digest(copy, 0);
    }
    body.getBytes(first + place.start(), copy, 0, length);
    copy[length] = 0; // a number ends here, and not where another request's bytes do
    return reader.prefix(
        copy, 0, PromptPrefix.seed(tenant, model, tools), BodyFields.toolsTokens(toolsBytes));
  }

  /** The XXH64 of bytes of the body, from its first. */
  static long hash(ByteBuf body, int start, int length) {
    int from = body.readerIndex() + start;
    if (body.hasArray()) {
      int at = body.arrayOffset() + from;
      return XxHash64.hash(body.array(), at, at + length);
    }
    byte[] copy = scratch(length);
    body.getBytes(from, copy, 0, length);
    return XxHash64.hash(copy, 0, length);
  }

  /** Refuses what is not UTF-8, and what Jackson would read as another encoding. */
  private static void checkEncoding(byte[] bytes, int from, int to) throws InvalidRequest {
    if (to - from >= 2) {
      int first = (bytes[from] & 0xFF) << 8 | (bytes[from + 1] & 0xFF);
      if (first == 0xEFBB || first == 0xFEFF || first == 0xFFFE) {
        throw InvalidRequest.badRequest(
            "The body of your request starts with a byte order mark: send UTF-8 without one.",
            null,
            null);
      }
    }
    // A NUL is never JSON; among the first four bytes it is how UTF-16 and UTF-32 look.
    for (int i = from; i < Math.min(to, from + 4); i++) {
      if (bytes[i] == 0) {
        throw InvalidRequest.badRequest(
            "The body of your request is not valid JSON in UTF-8: it has a NUL at byte "
                + (i - from)
                + ".",
            null,
            null);
      }
    }
    int wrong = Utf8.firstInvalid(bytes, from, to);
    if (wrong >= 0) {
      throw InvalidRequest.badRequest(
          "The body of your request is not valid UTF-8 at byte " + (wrong - from) + ".",
          null,
          null);
    }
  }

  private static void checkModel(String model) throws InvalidRequest {
    if (model.isBlank()) {
      throw InvalidRequest.badRequest("Your request's 'model' is empty.", MODEL, "invalid_value");
    }
    if (model.length() > MAX_MODEL_LENGTH) {
      throw InvalidRequest.badRequest(
          "Your request's 'model' is longer than " + MAX_MODEL_LENGTH + " characters.",
          MODEL,
          "string_above_max_length");
    }
    if (JsonText.hasUnpairedSurrogate(model)) {
      throw InvalidRequest.badRequest(
          "Your request's 'model' has half of a surrogate pair: that is no character.",
          MODEL,
          "invalid_value");
    }
    for (int i = 0; i < model.length(); i++) {
      if (Character.isISOControl(model.charAt(i))) {
        throw InvalidRequest.badRequest(
            "Your request's 'model' has a control character.", MODEL, "invalid_value");
      }
    }
  }

  private static ConversationKeys conversation(BodyFields fields, byte[] bytes, int from) {
    if ((fields.promptCacheKey
            & fields.previousResponseId
            & fields.conversation
            & fields.metadataUserId
            & fields.user)
        == -1) {
      return ConversationKeys.NONE;
    }
    return new ConversationKeys(
        key(fields.promptCacheKey, bytes, from),
        key(fields.previousResponseId, bytes, from),
        key(fields.conversation, bytes, from),
        key(fields.metadataUserId, bytes, from),
        key(fields.user, bytes, from));
  }

  private static @Nullable String key(int place, byte[] bytes, int from) {
    if (place < 0) {
      return null;
    }
    String text = JsonText.decode(bytes, from + place, ConversationKeys.MAX_LENGTH + 1);
    if (text.length() > ConversationKeys.MAX_LENGTH) {
      int end = ConversationKeys.MAX_LENGTH;
      boolean halves = Character.isSurrogatePair(text.charAt(end - 1), text.charAt(end));
      text = text.substring(0, halves ? end - 1 : end);
    }
    return JsonText.wellFormed(text);
  }

  private static InvalidRequest malformed(IOException e, JsonParser parser) {
    if (e instanceof StreamConstraintsException) {
      if (parser.getParsingContext().getNestingDepth() > MAX_DEPTH) {
        return InvalidRequest.badRequest(
            "The JSON in your request is nested more than " + MAX_DEPTH + " levels deep.",
            null,
            null);
      }
      return InvalidRequest.badRequest(
          "The JSON in your request has a number of more than "
              + MAX_NUMBER_LENGTH
              + " characters, or field names that are longer than "
              + MAX_NAME_LENGTH
              + " bytes or too many.",
          null,
          null);
    }
    JsonLocation place = parser.currentLocation();
    return InvalidRequest.badRequest(
        (e instanceof JsonEOFException
                ? "The JSON in your request ends too early"
                : "The body of your request is not valid JSON")
            + ": look near line "
            + place.getLineNr()
            + ", byte "
            + place.getByteOffset()
            + " of the body.",
        null,
        null);
  }
}
