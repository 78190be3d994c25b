package dev.caravan.simulator;

/** Whose names the meters of a simulated server bear. */
public enum Dialect {
  VLLM,
  SGLANG,
  TGI,
  LLAMA_CPP,
  /** It has no {@code /metrics}: 404. */
  NONE;

  /**
   * What {@code /metrics} says in this dialect. Of the others than vLLM's: load and work alone.
   *
   * @param stuck requests that a fault holds: they count as running
   */
  String text(ServerMetrics metrics, Engine engine, int stuck) {
    StringBuilder text = new StringBuilder(1_024);
    int running = engine.running() + stuck;
    switch (this) {
      case VLLM -> {
        return metrics.text(engine, stuck);
      }
      case SGLANG -> {
        sample(text, "sglang:num_running_reqs", "gauge", running);
        sample(text, "sglang:num_queue_reqs", "gauge", engine.waiting());
        sample(text, "sglang:token_usage", "gauge", engine.kvUsage());
        // Told at the end of each request, as by SGLang itself; the gaps, as they happen.
        sample(text, "sglang:generation_tokens_total", "counter", (double) metrics.finishedTokens);
        text.append("# TYPE sglang:inter_token_latency_seconds histogram\n");
        metrics.interTokenLatency.write(
            text, "sglang:inter_token_latency_seconds", "model_name=\"simulated\"");
      }
      case TGI -> {
        sample(text, "tgi_batch_current_size", "gauge", running);
        sample(text, "tgi_queue_size", "gauge", engine.waiting());
        text.append("# TYPE tgi_request_generated_tokens histogram\n");
        text.append("tgi_request_generated_tokens_sum ").append(metrics.finishedTokens);
        text.append("\ntgi_request_generated_tokens_count ");
        text.append(engine.counters().finished()).append('\n');
        text.append("# TYPE tgi_batch_inference_success counter\n");
        text.append("tgi_batch_inference_success{method=\"decode\"} ");
        text.append(engine.counters().steps()).append('\n');
      }
      case LLAMA_CPP -> {
        sample(text, "llamacpp:requests_processing", "gauge", running);
        sample(text, "llamacpp:requests_deferred", "gauge", engine.waiting());
        sample(text, "llamacpp:tokens_predicted_total", "counter", (double) metrics.finishedTokens);
        sample(text, "llamacpp:n_decode_total", "counter", (double) engine.counters().steps());
      }
      case NONE -> throw new IllegalStateException("it has no metrics");
    }
    return text.toString();
  }

  private static void sample(StringBuilder text, String name, String type, double value) {
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    text.append(name).append(' ').append(value).append('\n');
  }
}
