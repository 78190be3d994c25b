package dev.caravan.health;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds in one answer of a {@code /metrics} endpoint what its engine says of its work and its load.
 * For one thread and one answer.
 *
 * <p>Samples of one name are added up over their labels, for an engine of several parts says its
 * numbers part by part; shares of a cache are averaged instead.
 */
public final class EngineMetrics implements MetricsText.Sink {

  /*
   * What counts as work is whatever grows while an engine computes, not only what it has made: a
   * counter that is told of a request at its end stands still for as long as the answer is long.
   * SGLang's generation_tokens_total, TGI's tgi_request_generated_tokens and llama.cpp's
   * tokens_predicted_total are of that kind, so the counters of their steps and of the gaps between
   * tokens stand beside them. All of a row are added up: the sum grows when one of them does.
   *
   * Of the other columns the first name counts that occurs; those behind it are older.
   *
   * Sources: vLLM docs/design/metrics.md; SGLang docs/references/production_metrics.md and
   * srt/metrics/collector.py; TGI docs/source/reference/metrics.md; llama.cpp tools/server/README.md;
   * the Triton TensorRT-LLM backend's README; llm-d-router docs/plugin-metric-protocol.md.
   */

  /** vLLM says its cache's size in this one's labels; its value is always 1. */
  private static final String CACHE_CONFIG = "cache_config_info";

  /** The table: an engine a row. */
  static final List<Engine> TABLE =
      List.of(
          new Engine(
              "vLLM",
              List.of(
                  "vllm:generation_tokens_total",
                  "vllm:generation_tokens",
                  "vllm:iteration_tokens_total_count"),
              List.of("vllm:num_requests_running"),
              List.of("vllm:num_requests_waiting"),
              List.of("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
              List.of("vllm:" + CACHE_CONFIG)),
          new Engine(
              "SGLang",
              List.of(
                  "sglang:generation_tokens_total",
                  "sglang:generation_tokens",
                  "sglang:realtime_tokens_total",
                  "sglang:inter_token_latency_seconds_count"),
              List.of("sglang:num_running_reqs"),
              List.of("sglang:num_queue_reqs"),
              List.of("sglang:token_usage"),
              List.of("sglang:max_total_num_tokens")),
          new Engine(
              "TGI",
              List.of(
                  "tgi_request_generated_tokens_sum",
                  "tgi_batch_inference_success",
                  "tgi_batch_inference_success_total"),
              List.of("tgi_batch_current_size"),
              List.of("tgi_queue_size"),
              List.of(),
              List.of()),
          new Engine(
              "llama.cpp",
              List.of(
                  "llamacpp:tokens_predicted_total",
                  "llamacpp:tokens_predicted",
                  "llamacpp:n_decode_total"),
              List.of("llamacpp:requests_processing"),
              List.of("llamacpp:requests_deferred"),
              List.of("llamacpp:kv_cache_usage_ratio"),
              List.of()),
          new Engine(
              "Triton TensorRT-LLM",
              List.of(),
              List.of("nv_trt_llm_request_metrics{request_type=\"scheduled\"}"),
              List.of("nv_trt_llm_request_metrics{request_type=\"waiting\"}"),
              List.of("nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=\"fraction\"}"),
              List.of()),
          new Engine(
              "trtllm-serve",
              List.of(),
              List.of("trtllm_num_requests_running"),
              List.of("trtllm_num_requests_waiting"),
              List.of("trtllm_kv_cache_utilization"),
              List.of()));

  /**
   * The names of one engine. A name may ask for one label, as in {@code name{label="value"}}.
   *
   * @param work counters that grow while it computes
   * @param size of its KV cache, in tokens
   */
  record Engine(
      String name,
      List<String> work,
      List<String> running,
      List<String> waiting,
      List<String> kv,
      List<String> size) {

    List<List<String>> columns() {
      return List.of(work, running, waiting, kv, size);
    }
  }

  /** One name of the table, and the label that it asks for. */
  private record Wanted(@Nullable String label, int index) {}

  private static final Map<String, List<Wanted>> BY_NAME = new HashMap<>();
  private static final int COUNT;

  static {
    int index = 0;
    for (Engine engine : TABLE) {
      for (List<String> column : engine.columns()) {
        for (String name : column) {
          int brace = name.indexOf('{');
          BY_NAME
              .computeIfAbsent(
                  plain(brace < 0 ? name : name.substring(0, brace)), n -> new ArrayList<>(1))
              .add(
                  new Wanted(
                      brace < 0 ? null : name.substring(brace + 1, name.length() - 1), index++));
        }
      }
    }
    COUNT = index;
  }

  /** The sum of each wanted name's samples, and how many there were. */
  private final double[] sums = new double[COUNT];

  private final int[] samples = new int[COUNT];

  /** Exporters in between, Ray's among them, write an underscore where the engine has a colon. */
  private static String plain(String name) {
    String plain = name.startsWith("ray_") ? name.substring("ray_".length()) : name;
    int colon = plain.indexOf(':');
    return colon < 0 ? plain : plain.substring(0, colon) + '_' + plain.substring(colon + 1);
  }

  @Override
  public void sample(String name, String labels, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      return;
    }
    List<Wanted> wanted = BY_NAME.get(plain(name));
    if (wanted == null) {
      return;
    }
    double said = name.endsWith(CACHE_CONFIG) ? cacheTokens(labels) : value;
    if (said < 0) {
      return;
    }
    for (Wanted one : wanted) {
      if (one.label() == null || has(labels, one.label())) {
        sums[one.index()] += said;
        samples[one.index()]++;
      }
    }
  }

  /** The size of vLLM's prefix cache in tokens, 0 where it keeps none; -1 where it does not say. */
  private static double cacheTokens(String labels) {
    if (has(labels, "enable_prefix_caching=\"False\"")) {
      return 0;
    }
    double tokens = number(labels, "block_size=\"") * number(labels, "num_gpu_blocks=\"");
    return tokens > 0 ? tokens : -1;
  }

  /** The whole number that a label has; 0 where it has none. */
  private static double number(String labels, String label) {
    int start = at(labels, label) + label.length();
    double value = 0;
    for (int i = start; start >= label.length() && i < labels.length(); i++) {
      int digit = Character.digit(labels.charAt(i), 10);
      if (digit < 0) {
        return labels.charAt(i) == '"' ? value : 0;
      }
      value = value * 10 + digit;
    }
    return 0;
  }

  private static boolean has(String labels, String label) {
    return at(labels, label) >= 0;
  }

  private static int at(String labels, String label) {
    for (int at = labels.indexOf(label); at >= 0; at = labels.indexOf(label, at + 1)) {
      if (at == 0 || labels.charAt(at - 1) == ',' || labels.charAt(at - 1) == ' ') {
        return at;
      }
    }
    return -1;
  }

  /** What was said, by the first engine of the table that said anything. */
  public EngineReading reading() {
    int index = 0;
    for (Engine engine : TABLE) {
      double work = total(index, engine.work().size());
      index += engine.work().size();
      double running = first(index, engine.running().size(), false);
      index += engine.running().size();
      double waiting = first(index, engine.waiting().size(), false);
      index += engine.waiting().size();
      double kv = first(index, engine.kv().size(), true);
      index += engine.kv().size();
      double size = first(index, engine.size().size(), false);
      index += engine.size().size();
      if (work >= 0 || running >= 0 || waiting >= 0 || kv >= 0) {
        return new EngineReading(
            (long) work,
            whole(running),
            whole(waiting),
            kv < 0 ? -1 : Math.min(1, kv),
            (long) size);
      }
    }
    return EngineReading.SILENT;
  }

  /** The sum of several names; -1 where none of them occurred. */
  private double total(int from, int count) {
    double total = -1;
    for (int i = from; i < from + count; i++) {
      if (samples[i] > 0) {
        total = Math.max(0, total) + sums[i];
      }
    }
    return total;
  }

  /** The first of several names that occurred, or -1. */
  private double first(int from, int count, boolean average) {
    for (int i = from; i < from + count; i++) {
      if (samples[i] > 0) {
        return average ? sums[i] / samples[i] : sums[i];
      }
    }
    return -1;
  }

  private static int whole(double value) {
    return (int) Math.min(Integer.MAX_VALUE, Math.round(value));
  }
}
