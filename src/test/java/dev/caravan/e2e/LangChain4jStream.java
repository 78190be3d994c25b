package dev.caravan.e2e;

import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** One streamed chat as LangChain4j's client reads it. */
final class LangChain4jStream {

  private LangChain4jStream() {}

  /**
   * Asks, and reads on a thread of the client's own.
   *
   * @param partial given each part of the text as it comes
   * @return the whole of it, or the error that the client raised
   */
  static CompletableFuture<ChatResponse> read(
      String baseUrl, String prompt, int maxTokens, Consumer<String> partial) {
    CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
    OpenAiStreamingChatModel.builder()
        .baseUrl(baseUrl)
        .apiKey("not-needed")
        .modelName(PoolYaml.MODEL)
        .maxTokens(maxTokens)
        .build()
        .chat(
            prompt,
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String text) {
                partial.accept(text);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                whole.complete(response);
              }

              @Override
              public void onError(Throwable error) {
                whole.completeExceptionally(error);
              }
            });
    return whole;
  }
}
