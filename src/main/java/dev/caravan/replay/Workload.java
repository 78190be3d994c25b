package dev.caravan.replay;

import dev.caravan.request.Api;
import dev.caravan.request.Conversation;
import dev.caravan.request.InferenceRequest;
import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestParser;
import dev.caravan.time.Chance;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;

/**
 * A trace made ready for any number of runs: each request parsed by the gateway's own parser from a
 * body that was written for it. Immutable; safe for any thread.
 *
 * @param trace what it was made from
 * @param items in order of arrival
 */
public record Workload(Trace trace, List<Item> items) {

  /**
   * Blocks of a prompt's beginning that name its conversation: about a system prompt and a half.
   */
  private static final int CONVERSATION_BLOCKS = 4;

  /** One request. Immutable; its hashes are lent. */
  public static final class Item {
    private final double atMillis;
    private final InferenceRequest request;
    private final long[] hashes;
    private final int promptTokens;
    private final int outputTokens;

    Item(
        double atMillis,
        InferenceRequest request,
        long[] hashes,
        int promptTokens,
        int outputTokens) {
      this.atMillis = atMillis;
      this.request = request;
      this.hashes = hashes;
      this.promptTokens = promptTokens;
      this.outputTokens = outputTokens;
    }

    /** When it comes, from the trace's beginning. */
    public double atMillis() {
      return atMillis;
    }

    /** What the gateway knows of it; its body is gone. */
    public InferenceRequest request() {
      return request;
    }

    /** What the engine knows its prompt by; not to be changed. */
    long[] hashes() {
      return hashes;
    }

    /** As the engine counts them. */
    public int promptTokens() {
      return promptTokens;
    }

    /** As the engine counts them. */
    public int outputTokens() {
      return outputTokens;
    }
  }

  /**
   * Writes and parses the requests of a trace.
   *
   * @param blockTokens tokens of a KV block: 1 to 512, a power of two
   */
  public static Workload of(Trace trace, int blockTokens) {
    return of(trace, blockTokens, true);
  }

  /** As {@link #of(Trace, int)}, of jobs that nobody waits for: background, and not streamed. */
  static Workload jobs(Trace trace, int blockTokens) {
    return of(trace, blockTokens, false);
  }

  private static Workload of(Trace trace, int blockTokens, boolean interactive) {
    if (blockTokens < 1
        || blockTokens > Trace.BLOCK_TOKENS
        || Trace.BLOCK_TOKENS % blockTokens != 0) {
      throw new IllegalArgumentException(
          "a KV block must be a power of two of tokens from 1 to "
              + Trace.BLOCK_TOKENS
              + ", was "
              + blockTokens);
    }
    RequestParser parser = new RequestParser();
    PromptText text = new PromptText();
    List<Item> items = new ArrayList<>();
    for (Trace.Request each : trace.requests()) {
      items.add(
          new Item(
              each.atMillis() - trace.requests().get(0).atMillis(),
              parse(parser, body(text, each, interactive))
                  .in(conversation(each))
                  .background(!interactive),
              Hashes.of(each, blockTokens),
              each.inputTokens(),
              each.outputTokens()));
    }
    return new Workload(trace, List.copyOf(items));
  }

  /** The largest request, in tokens of prompt and answer. */
  long largest() {
    return items.stream()
        .mapToLong(each -> (long) each.promptTokens() + each.outputTokens())
        .max()
        .orElse(0);
  }

  private static byte[] body(PromptText text, Trace.Request request, boolean streamed) {
    text.clear();
    text.append(
        "{\"model\":\"m\","
            + (streamed ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}," : "")
            + "\"messages\":[{\"role\":\"user\",\"content\":\"");
    int left = request.inputTokens();
    for (long block : request.blocks()) {
      text.append(block, Math.min(left, Trace.BLOCK_TOKENS));
      left -= Trace.BLOCK_TOKENS;
    }
    text.append("\"}]}");
    return text.copy();
  }

  private static InferenceRequest parse(RequestParser parser, byte[] bytes) {
    ByteBuf body = Unpooled.wrappedBuffer(bytes);
    try {
      InferenceRequest request = parser.parse(Api.CHAT_COMPLETIONS, body);
      request.prefix(); // read now: the body is let go
      return request;
    } catch (InvalidRequest e) {
      throw new IllegalStateException("the gateway does not read a body written for it", e);
    } finally {
      body.release();
    }
  }

  /** A trace has no names of conversations: those that begin alike are taken to be one. */
  private static Conversation conversation(Trace.Request request) {
    long digest = 1;
    for (int i = 0; i < Math.min(CONVERSATION_BLOCKS, request.blocks().length); i++) {
      digest = Chance.mix(digest ^ Chance.mix(request.blocks()[i]));
    }
    return new Conversation(Conversation.Source.PROMPT, digest == 0 ? 1 : digest);
  }
}
