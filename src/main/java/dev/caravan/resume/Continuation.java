package dev.caravan.resume;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.caravan.request.Api;
import dev.caravan.request.InferenceRequest;
import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestParser;
import dev.caravan.resume.RequestFields.Place;
import dev.caravan.resume.RequestFields.Tokens;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What can be done about an answer that broke off. Immutable. */
sealed interface Continuation {

  /**
   * Another server can go on.
   *
   * @param request the client's, extended by the answer so far; its body is memory of the heap,
   *     which nobody needs to release
   * @param prefilledTokens tokens of the answer that the other server is given
   * @param white white space that the client has and the other server is not given: it will say it
   *     again
   */
  record Ask(InferenceRequest request, long prefilledTokens, String white)
      implements Continuation {}

  /** All tokens that the client allowed are there: only the end is missing. */
  record Exhausted() implements Continuation {}

  /** Nothing. */
  record Refused(String why) implements Continuation {}

  /*
   * The body stays the client's, byte for byte, but for a few places:
   *
   *   messages               + {"role":"assistant","content":<text>}, or the last one's content
   *                          extended, where the client itself had the last one continued
   *   continue_final_message true    vLLM, SGLang, TGI and llama.cpp read these two;
   *   add_generation_prompt  false   without them the model begins a second answer
   *   max_tokens, max_completion_tokens, min_tokens  less the tokens that are there
   *
   * White space at the text's end is left out. Chat templates such as Llama 3's trim messages, and
   * the model then says the white space again, which would stand in the answer twice; others keep
   * it. Left out, it is said again in either case, and Stitch drops what it has already. It also
   * keeps the tokens as the model would have cut them: a new word begins with its space.
   *
   * Where no text is there yet, the request goes out again as it was.
   */

  /** Plans how to go on from what the client was told. */
  static Continuation plan(InferenceRequest original, Transcript told) {
    String obstacle = told.obstacle;
    if (obstacle != null) {
      return new Refused(obstacle);
    }
    if (original.api() == Api.EMBEDDINGS || original.api() == Api.RESPONSES) {
      return new Refused("answers of " + original.api().path() + " are not resumed");
    }
    byte[] body = ByteBufUtil.getBytes(original.body());
    try {
      return plan(original, body, RequestFields.read(body, original.api()), told);
    } catch (IOException | InvalidRequest e) {
      return new Refused("the request could not be extended: " + e.getClass().getSimpleName());
    }
  }

  /** Whether the client wants one answer only, so that its end is the stream's. */
  static boolean single(InferenceRequest original) {
    try {
      return RequestFields.read(ByteBufUtil.getBytes(original.body()), original.api()).single;
    } catch (IOException e) {
      return false;
    }
  }

  private static Continuation plan(
      InferenceRequest original, byte[] body, RequestFields fields, Transcript told)
      throws InvalidRequest {
    if (fields.obstacle != null) {
      return new Refused(fields.obstacle);
    }
    boolean chat = original.api() == Api.CHAT_COMPLETIONS;
    int given = chat ? told.solidLength : told.text.length();
    long tokens = chat ? told.solidTokens : told.tokens;
    String text = told.text.substring(0, given);
    String white = told.text.substring(given);
    if (given == 0) {
      return new Ask(original, 0, white);
    }
    if (text.contains("<think>") || text.contains("</think>")) {
      // Templates cut thoughts out of the messages before.
      return new Refused("the answer has reasoning in its text");
    }
    if (brokenSurrogates(text)) {
      return new Refused("the text ends within a character");
    }
    if (fields.tokens.stream().anyMatch(t -> t.limit() && t.value() <= told.tokens)) {
      return new Exhausted();
    }
    if (!chat && fields.tokens.stream().noneMatch(Tokens::limit)) {
      return new Refused("the limit of tokens is the server's own");
    }
    if (fields.continues && (!fields.lastIsAssistant || fields.lastContent == null)) {
      return new Refused("the request continues a message that cannot be extended");
    }
    ByteBuf extended = Unpooled.wrappedBuffer(extend(body, fields, chat, text, tokens));
    return new Ask(new RequestParser().parse(original.api(), extended), tokens, white);
  }

  /** Bytes that replace those of a place. */
  private static byte[] extend(
      byte[] body, RequestFields fields, boolean chat, String text, long tokens) {
    byte[] quoted = JsonStringEncoder.getInstance().quoteAsUTF8(text);
    List<Edit> edits = new ArrayList<>();
    Place content = fields.lastContent;
    if (!chat) {
      edits.add(new Edit(fields.promptEnd, fields.promptEnd, quoted));
    } else {
      if (fields.continues && content != null) {
        edits.add(new Edit(content.to() - 1, content.to() - 1, quoted));
      } else {
        ByteArrayOutputStream message = new ByteArrayOutputStream(quoted.length + 48);
        message.writeBytes(ascii(fields.messages ? "," : ""));
        message.writeBytes(ascii("{\"role\":\"assistant\",\"content\":\""));
        message.writeBytes(quoted);
        message.writeBytes(ascii("\"}"));
        edits.add(new Edit(fields.promptEnd, fields.promptEnd, message.toByteArray()));
      }
      flag(edits, fields, "continue_final_message", true, fields.continueFlags);
      flag(edits, fields, "add_generation_prompt", false, fields.generationFlags);
    }
    for (Tokens each : fields.tokens) {
      long left = Math.max(each.limit() ? 1 : 0, each.value() - tokens);
      edits.add(new Edit(each.place().from(), each.place().to(), ascii(Long.toString(left))));
    }
    return apply(body, edits);
  }

  private static void flag(
      List<Edit> edits, RequestFields fields, String name, boolean value, List<Place> places) {
    if (places.isEmpty()) {
      byte[] field = ascii(",\"" + name + "\":" + value);
      edits.add(new Edit(fields.objectEnd, fields.objectEnd, field));
    }
    for (Place place : places) {
      edits.add(new Edit(place.from(), place.to(), ascii(Boolean.toString(value))));
    }
  }

  /** A place in the body and the bytes that shall stand there. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Edit(int from, int to, byte[] by) {}

  private static byte[] apply(byte[] body, List<Edit> edits) {
    edits.sort(Comparator.comparingInt(Edit::from)); // stable: insertions keep their order
    ByteArrayOutputStream out = new ByteArrayOutputStream(body.length + 1024);
    int at = 0;
    for (Edit edit : edits) {
      out.write(body, at, edit.from() - at);
      out.writeBytes(edit.by());
      at = edit.to();
    }
    out.write(body, at, body.length - at);
    return out.toByteArray();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static boolean brokenSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (i + 1 == text.length()
            || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
          return true;
        }
        i++;
      }
    }
    return false;
  }
}
