package dev.caravan.simulator;

import dev.caravan.simulator.ReceivedRequest.End;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Answers a request for embeddings once its prefill is done. For the server's event loop. */
final class EmbeddingCall implements SequenceListener {
  private final ServerCore core;
  private final Exchange exchange;
  private final OpenAiRequest request;
  private int promptTokens;

  EmbeddingCall(ServerCore core, Exchange exchange, OpenAiRequest request) {
    this.core = core;
    this.exchange = exchange;
    this.request = request;
  }

  void begin() throws Refusal {
    byte[] prompt = request.prompt().getBytes(StandardCharsets.UTF_8);
    promptTokens = PromptBlocks.tokens(prompt.length);
    if (promptTokens > core.maxModelTokens) {
      throw Refusal.badRequest(
          "This model's maximum context length is "
              + core.maxModelTokens
              + " tokens. However, you requested "
              + promptTokens
              + " tokens in the input for embedding generation. Please reduce the length of the"
              + " input.",
          null);
    }
    long[] hashes = PromptBlocks.hashes(prompt, core.parameters.blockTokens());
    Sequence sequence = core.engine.submit(hashes, promptTokens, 0, this);
    exchange.onLeave(() -> core.engine.abort(sequence));
  }

  @Override
  public void finished(Sequence sequence, long atNanos) {
    core.metrics.stopped++;
    int dimensions =
        request.dimensions() == -1 ? Embedding.DEFAULT_DIMENSIONS : request.dimensions();
    List<String> vectors = new ArrayList<>();
    for (String input : request.inputs()) {
      float[] vector = Embedding.of(input, dimensions, core.seed);
      vectors.add(request.base64() ? Embedding.base64(vector) : Embedding.floats(vector));
    }
    @Nullable String named = request.model();
    String model = named == null ? core.models.get(0) : named;
    String id = "embd-" + Long.toHexString(core.ids.bits());
    exchange.answer(
        200,
        OpenAiWire.embeddings(id, core.createdSeconds(), model, vectors, promptTokens),
        End.FINISHED);
  }
}
