package dev.caravan.request;

import io.netty.buffer.Unpooled;

/** Requests for tests that do not care what was asked. */
public final class AnyRequest {

  private AnyRequest() {}

  /** A chat request with nothing in it. */
  public static InferenceRequest chat() {
    return new InferenceRequest(
        Api.CHAT_COMPLETIONS,
        Unpooled.EMPTY_BUFFER,
        "llama-3.1-8b",
        0,
        0,
        false,
        false,
        -1,
        0,
        0,
        ConversationKeys.NONE,
        0,
        0);
  }
}
