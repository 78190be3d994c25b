package dev.caravan.simulator;

import dev.caravan.simulator.OpenAiRequest.Operation;
import dev.caravan.simulator.OpenAiWire.Usage;
import dev.caravan.simulator.ReceivedRequest.End;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Answers a chat or a completion token by token, or in one piece at its end. For the server's event
 * loop.
 */
final class GenerationCall implements SequenceListener {
  private static final Buffer DONE = Buffer.buffer("data: [DONE]\n\n");

  private final ServerCore core;
  private final Exchange exchange;
  private final OpenAiRequest request;
  private final @Nullable Fault fault;
  private final Answer answer;
  private final byte[] prompt;
  private final int promptTokens;
  private final String id;
  private final String model;
  private final long createdSeconds;
  private final String chunkHead;
  private long previousTokenNanos;

  GenerationCall(ServerCore core, Exchange exchange, OpenAiRequest request, @Nullable Fault fault)
      throws Refusal {
    this.core = core;
    this.exchange = exchange;
    this.request = request;
    this.fault = fault;
    prompt = request.prompt().getBytes(StandardCharsets.UTF_8);
    promptTokens = PromptBlocks.tokens(prompt.length);
    int room = core.maxModelTokens - promptTokens;
    if (room < 1 || request.maxTokens() > room) {
      throw tooLong();
    }
    if (!request.begun().isEmpty() && !core.prefill) {
      throw Refusal.badRequest("continue_final_message is not supported", "continue_final_message");
    }
    answer = compose(request.maxTokens() == -1 ? room : request.maxTokens());
    String asked = exchange.requestId();
    String unique = asked == null ? Long.toHexString(core.ids.bits()) : asked;
    id = (request.operation() == Operation.CHAT ? "chatcmpl-" : "cmpl-") + unique;
    String named = request.model();
    model = named == null ? core.models.get(0) : named;
    createdSeconds = core.createdSeconds();
    chunkHead = OpenAiWire.chunkHead(request.operation(), id, createdSeconds, model);
  }

  private Answer compose(int most) {
    String said = request.said();
    int least = request.minTokens();
    byte[] begun = request.begun().getBytes(StandardCharsets.UTF_8);
    byte[] asked = Arrays.copyOf(prompt, prompt.length - begun.length);
    return begun.length == 0
        ? Answer.compose(core.name, said, PromptBlocks.digest(prompt, core.seed), most, least)
        : Answer.resume(core.name, said, asked, core.seed, request.begun(), most, least);
  }

  void begin() {
    if (request.stream()) {
      exchange.sendStreamHead();
      if (strikesAt(0)) {
        return;
      }
    }
    byte[] text = answer.utf8();
    byte[] all = Arrays.copyOf(prompt, prompt.length + text.length);
    System.arraycopy(text, 0, all, prompt.length, text.length);
    long[] hashes = PromptBlocks.hashes(all, core.parameters.blockTokens());
    Sequence sequence = core.engine.submit(hashes, promptTokens, answer.tokens(), this);
    exchange.onLeave(() -> core.engine.abort(sequence));
  }

  @Override
  public void firstToken(Sequence sequence, long atNanos) {
    long arrived = sequence.arrivedAtNanos();
    core.metrics.timeToFirstToken.observe(core.engine.realSeconds(atNanos - arrived));
    core.metrics.queueTime.observe(
        core.engine.realSeconds(
            Math.max(0, sequence.admittedAtNanos() - arrived - core.parameters.apiEntryNanos())));
    if (request.stream() && request.operation() == Operation.CHAT) {
      event(fault instanceof Fault.Garbage ? garbage() : OpenAiWire.roleChunk(chunkHead));
    }
  }

  @Override
  public void token(Sequence sequence, int index, long atNanos) {
    if (index > 0) {
      core.metrics.interTokenLatency.observe(core.engine.realSeconds(atNanos - previousTokenNanos));
    }
    previousTokenNanos = atNanos;
    if (!request.stream()) {
      return;
    }
    boolean last = index == answer.tokens() - 1;
    exchange.received().emitted(core.ticker.nanos());
    event(
        fault instanceof Fault.Garbage
            ? garbage()
            : OpenAiWire.tokenChunk(
                request.operation(),
                chunkHead,
                answer.token(index),
                last ? answer.finishReason() : null));
    if (strikesAt(index + 1)) {
      core.engine.abort(sequence);
    }
  }

  @Override
  public void finished(Sequence sequence, long atNanos) {
    core.metrics.finishedTokens += answer.tokens();
    if (answer.finishReason().equals("stop")) {
      core.metrics.stopped++;
    } else {
      core.metrics.cutAtLength++;
    }
    core.metrics.endToEnd.observe(core.engine.realSeconds(atNanos - sequence.arrivedAtNanos()));
    Usage usage = new Usage(promptTokens, answer.tokens(), sequence.cachedTokens());
    if (!request.stream()) {
      inOnePiece(usage);
      return;
    }
    if (request.includeUsage()) {
      event(OpenAiWire.usageChunk(chunkHead, usage));
    }
    exchange.endStream(DONE, fault instanceof Fault.Garbage ? End.FAILED : End.FINISHED);
  }

  private void inOnePiece(Usage usage) {
    String json =
        OpenAiWire.completion(
            request.operation(),
            id,
            createdSeconds,
            model,
            answer.text(),
            answer.finishReason(),
            usage);
    if (fault instanceof Fault.HangMidStream) {
      exchange.hang();
    } else if (fault instanceof Fault.CutMidStream) {
      exchange.answerHalf(json);
    } else if (fault instanceof Fault.Garbage) {
      exchange.answer(200, garbage(), End.FAILED);
    } else {
      exchange.answer(200, json, End.FINISHED);
    }
  }

  /** Applies a fault that strikes a stream after so many tokens; says whether one did. */
  private boolean strikesAt(int tokens) {
    if (fault instanceof Fault.HangMidStream hang && hang.afterTokens() == tokens) {
      exchange.hang();
      return true;
    }
    if (fault instanceof Fault.CutMidStream cut && cut.afterTokens() == tokens) {
      exchange.cut();
      return true;
    }
    return false;
  }

  private void event(String json) {
    exchange.response().write(Buffer.buffer("data: " + json + "\n\n"));
  }

  private String garbage() {
    return "{\"id\": \"" + id + "\", \"choices\": [{\"delta\": ??? \u0001 not JSON";
  }

  private Refusal tooLong() {
    int wanted = Math.max(request.maxTokens(), 1);
    return Refusal.badRequest(
        "This model's maximum context length is "
            + core.maxModelTokens
            + " tokens. However, you requested "
            + ((long) promptTokens + wanted)
            + " tokens ("
            + promptTokens
            + " in the messages, "
            + wanted
            + " in the completion). Please reduce the length of the messages or completion.",
        null);
  }
}
