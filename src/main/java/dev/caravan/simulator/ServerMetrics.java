package dev.caravan.simulator;

/**
 * The meters of a simulated server under vLLM's names, in Prometheus' text format 0.0.4. For the
 * server's event loop. Times are in real seconds, after the speedup. Source: vLLM, {@code
 * docs/design/metrics.md} and {@code vllm/v1/metrics/loggers.py}.
 */
final class ServerMetrics implements StepObserver {
  private final String labels;
  private final EngineParameters parameters;
  private final Histogram iterationTokens =
      new Histogram(1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384);
  final Histogram timeToFirstToken =
      new Histogram(
          0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5,
          10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0);
  final Histogram interTokenLatency =
      new Histogram(
          0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
          20.0, 40.0, 80.0);
  final Histogram endToEnd =
      new Histogram(
          0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0,
          240.0, 480.0, 960.0, 1920.0, 7680.0);
  final Histogram queueTime =
      new Histogram(
          0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0,
          240.0, 480.0, 960.0, 1920.0, 7680.0);

  /** Output tokens of the requests that are finished. */
  long finishedTokens;

  long stopped;
  long cutAtLength;
  long aborted;

  ServerMetrics(String model, EngineParameters parameters) {
    String escaped = model.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    this.labels = "engine=\"0\",model_name=\"" + escaped + '"';
    this.parameters = parameters;
  }

  @Override
  public void step(long startNanos, long endNanos, int prefillTokens, int decodeTokens) {
    iterationTokens.observe(prefillTokens + (double) decodeTokens);
  }

  /**
   * All meters as text.
   *
   * @param stuck requests that a fault holds: they count as running
   */
  String text(Engine engine, int stuck) {
    EngineCounters counters = engine.counters();
    StringBuilder text = new StringBuilder(8_192);
    gauge(
        text,
        "vllm:num_requests_running",
        "Number of requests in model execution batches.",
        engine.running() + stuck);
    gauge(
        text,
        "vllm:num_requests_waiting",
        "Number of requests waiting to be processed.",
        engine.waiting());
    gauge(
        text,
        "vllm:kv_cache_usage_perc",
        "KV-cache usage. 1 means 100 percent usage.",
        engine.kvUsage());
    counter(
        text,
        "vllm:prefix_cache_queries_total",
        "Prefix cache queries, in terms of number of queried tokens.",
        counters.prefixQueryTokens());
    counter(
        text,
        "vllm:prefix_cache_hits_total",
        "Prefix cache hits, in terms of number of cached tokens.",
        counters.prefixHitTokens());
    counter(
        text,
        "vllm:num_preemptions_total",
        "Cumulative number of preemption from the engine.",
        counters.preemptions());
    counter(
        text,
        "vllm:prompt_tokens_total",
        "Number of prefill tokens processed.",
        counters.promptTokens());
    counter(
        text,
        "vllm:generation_tokens_total",
        "Number of generation tokens processed.",
        counters.generatedTokens());
    head(
        text, "vllm:request_success_total", "counter", "Count of successfully processed requests.");
    success(text, "stop", stopped);
    success(text, "length", cutAtLength);
    success(text, "abort", aborted);
    histogram(
        text,
        "vllm:iteration_tokens_total",
        "Histogram of number of tokens per engine_step.",
        iterationTokens);
    histogram(
        text,
        "vllm:time_to_first_token_seconds",
        "Histogram of time to first token in seconds.",
        timeToFirstToken);
    histogram(
        text,
        "vllm:inter_token_latency_seconds",
        "Histogram of inter-token latency in seconds.",
        interTokenLatency);
    histogram(
        text,
        "vllm:e2e_request_latency_seconds",
        "Histogram of e2e request latency in seconds.",
        endToEnd);
    histogram(
        text,
        "vllm:request_queue_time_seconds",
        "Histogram of time spent in WAITING phase for request.",
        queueTime);
    head(text, "vllm:cache_config_info", "gauge", "Information of the LLMEngine CacheConfig");
    text.append("vllm:cache_config_info{block_size=\"").append(parameters.blockTokens());
    text.append(
        "\",cache_dtype=\"auto\",enable_prefix_caching=\"True\",engine=\"0\",num_gpu_blocks=\"");
    text.append(parameters.kvBlocks()).append("\"} 1.0\n");
    return text.toString();
  }

  private void gauge(StringBuilder text, String name, String help, double value) {
    head(text, name, "gauge", help);
    sample(text, name, value);
  }

  private void counter(StringBuilder text, String name, String help, long value) {
    head(text, name, "counter", help);
    sample(text, name, (double) value);
  }

  private void histogram(StringBuilder text, String name, String help, Histogram histogram) {
    head(text, name, "histogram", help);
    histogram.write(text, name, labels);
  }

  private void sample(StringBuilder text, String name, double value) {
    text.append(name).append('{').append(labels).append("} ").append(value).append('\n');
  }

  private void success(StringBuilder text, String reason, long value) {
    text.append("vllm:request_success_total{").append(labels).append(",finished_reason=\"");
    text.append(reason).append("\"} ").append((double) value).append('\n');
  }

  private static void head(StringBuilder text, String name, String type, String help) {
    text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }
}
