package dev.caravan.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EngineMetricsTest {

  static EngineReading read(String text) {
    return read(text.getBytes(StandardCharsets.UTF_8), Integer.MAX_VALUE);
  }

  private static EngineReading read(byte[] text, int part) {
    EngineMetrics metrics = new EngineMetrics();
    MetricsText reader = new MetricsText(metrics);
    for (int from = 0; from < text.length; from += Math.min(part, text.length - from)) {
      reader.accept(Unpooled.wrappedBuffer(text, from, Math.min(part, text.length - from)));
    }
    reader.end();
    return metrics.reading();
  }

  @Test
  void vllm_ofTwoEngines_isAddedUp_andItsCacheAveraged() {
    EngineReading reading =
        read(
            """
            # HELP vllm:num_requests_running Number of requests in model execution batches.
            # TYPE vllm:num_requests_running gauge
            vllm:num_requests_running{engine="0",model_name="a}b \\"c\\" # d"} 3.0
            vllm:num_requests_running{engine="1",model_name="x"} 2.0 1700000000000
            vllm:num_requests_waiting{engine="0"} 1.0
            vllm:num_requests_waiting{engine="1"} 0.0
            vllm:kv_cache_usage_perc{engine="0"} 0.5
            vllm:kv_cache_usage_perc{engine="1"} 0.7
            vllm:generation_tokens_total{engine="0"} 1.0e+06
            vllm:generation_tokens_total{engine="1"} 500.0
            vllm:generation_tokens_created{engine="0"} 1.7e+09
            vllm:iteration_tokens_total_bucket{engine="0",le="1.0"} 900.0
            vllm:iteration_tokens_total_count{engine="0"} 40.0
            vllm:iteration_tokens_total_sum{engine="0"} 123456.0
            """);
    assertThat(reading).isEqualTo(new EngineReading(1_000_540, 5, 1, 0.6));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "vllm:cache_config_info{block_size=\"16\",cache_dtype=\"auto\",num_cpu_blocks=\"1024\","
            + "num_gpu_blocks=\"28400\",num_gpu_blocks_override=\"None\"} 1.0 | 454400",
        "ray_vllm_cache_config_info{num_gpu_blocks=\"10\",block_size=\"32\"} 1 | 320",
        "vllm:cache_config_info{block_size=\"16\",num_gpu_blocks=\"None\"} 1.0 | -1",
        "vllm:cache_config_info{block_size=\"16\",num_gpu_blocks=\"9} 1.0 | -1",
        "vllm:cache_config_info{mamba_block_size=\"16\",num_gpu_blocks=\"9\"} 1.0 | -1",
        "vllm:cache_config_info{block_size=\"16\",enable_prefix_caching=\"False\","
            + "num_gpu_blocks=\"28400\"} 1.0 | 0",
        "sglang:max_total_num_tokens{model_name=\"x\"} 471258.0 | 471258",
      })
  void sizeOfTheCache_isRead(String line, long tokens) {
    String running =
        line.startsWith("sg") ? "sglang:num_running_reqs" : "vllm:num_requests_running";
    assertThat(read(running + " 2\n" + line)).isEqualTo(new EngineReading(-1, 2, -1, -1, tokens));
  }

  @Test
  void sizeOfTheCache_ofSeveralEngines_isAddedUp() {
    String line =
        "vllm:cache_config_info{block_size=\"16\",engine=\"%d\",num_gpu_blocks=\"100\"} 1.0\n";
    String text = "vllm:num_requests_running 2\n" + line.formatted(0) + line.formatted(1);
    assertThat(read(text).kvTokens()).isEqualTo(3_200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "vllm:gpu_cache_usage_perc 0.25 | -1 | -1 | -1 | 0.25",
        "vllm:generation_tokens 7 | 7 | -1 | -1 | -1",
        "ray_vllm_num_requests_waiting{WorkerId=\"w\"} 4 | -1 | -1 | 4 | -1",
        "sglang:num_running_reqs{model_name=\"m\"} 4.0 | -1 | 4 | -1 | -1",
        "sglang_num_queue_reqs 9 | -1 | -1 | 9 | -1",
        "sglang:inter_token_latency_seconds_count{x=\"y\"} 4.0 | 4 | -1 | -1 | -1",
        "sglang:realtime_tokens_total{mode=\"decode\"} 4.0 | 4 | -1 | -1 | -1",
        "sglang:token_usage 0.28 | -1 | -1 | -1 | 0.28",
        "tgi_batch_current_size 6 | -1 | 6 | -1 | -1",
        "tgi_queue_size 2 | -1 | -1 | 2 | -1",
        "tgi_request_generated_tokens_sum 120 | 120 | -1 | -1 | -1",
        "tgi_batch_inference_success{method=\"decode\"} 5 | 5 | -1 | -1 | -1",
        "llamacpp:tokens_predicted_total 11 | 11 | -1 | -1 | -1",
        "llamacpp:n_decode_total 12 | 12 | -1 | -1 | -1",
        "llamacpp:requests_processing 3 | -1 | 3 | -1 | -1",
        "llamacpp:requests_deferred 1 | -1 | -1 | 1 | -1",
        "nv_trt_llm_request_metrics{model=\"m\",request_type=\"waiting\",version=\"1\"} 8 | -1 | -1 | 8"
            + " | -1",
        "nv_trt_llm_request_metrics{request_type=\"scheduled\"} 8 | -1 | 8 | -1 | -1",
        "nv_trt_llm_request_metrics{request_type=\"max\"} 8 | -1 | -1 | -1 | -1",
        "nv_trt_llm_request_metrics{old_request_type=\"waiting\"} 8 | -1 | -1 | -1 | -1",
        "nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=\"fraction\"} 0.4 | -1 | -1 | -1 |"
            + " 0.4",
        "trtllm_num_requests_waiting 3 | -1 | -1 | 3 | -1",
        "trtllm_kv_cache_utilization 1.5 | -1 | -1 | -1 | 1",
      })
  void everyEngine_isUnderstood(String line, long work, int running, int waiting, double kv) {
    assertThat(read(line)).isEqualTo(new EngineReading(work, running, waiting, kv));
  }

  @Test
  void newerName_isTakenAlone_whereTheOlderIsThereToo() {
    assertThat(read("vllm:gpu_cache_usage_perc 0.3\nvllm:kv_cache_usage_perc 0.5\n").kvUsage())
        .isEqualTo(0.5);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n\n",
        "# only a comment",
        "<html>It works!</html>",
        "{\"status\":404}",
        "vllm:num_requests_running",
        "vllm:num_requests_running ",
        "vllm:num_requests_running x",
        "vllm:num_requests_running NaN",
        "vllm:num_requests_running +Inf",
        "vllm:num_requests_running -3",
        "vllm:num_requests_running{a=\"b\" 3",
        "vllm:num_requests_running{a=\"b} 3",
        "vllm:num_requests_running{a=\"b\\\"} 3",
        "{} 3",
        "process_cpu_seconds_total 12",
        "vllm:num_requests_running_bucket{le=\"1\"} 3",
      })
  void whatIsNoSample_saysNothing(String text) {
    assertThat(read(text)).isEqualTo(EngineReading.SILENT);
  }

  @Test
  void lineBeyondAllMeasure_isSkipped_andTheNextIsRead() {
    String text =
        "vllm:lora_requests_info{a=\""
            + "x".repeat(100_000)
            + "\"} 1\r\nvllm:num_requests_running 2";
    for (int part : new int[] {1_000, 16_384, 1_000_000}) {
      assertThat(read(text.getBytes(StandardCharsets.UTF_8), part).running()).isEqualTo(2);
    }
  }

  @Test
  void counterThatGoesBackwards_isReportedAsItIs() {
    assertThat(read("vllm:generation_tokens_total 100").generatedTokens()).isEqualTo(100);
    assertThat(read("vllm:generation_tokens_total 3").generatedTokens()).isEqualTo(3);
  }

  @Test
  void numbersBeyondAllMeasure_stayWithinTheirTypes() {
    assertThat(read("vllm:generation_tokens_total 1e300\nvllm:num_requests_running 1e300"))
        .isEqualTo(new EngineReading(Long.MAX_VALUE, Integer.MAX_VALUE, -1, -1));
  }

  /** A name that stands in two rows or columns would be counted by chance. */
  @Test
  void names_occurOnce() {
    List<String> names = new ArrayList<>();
    EngineMetrics.TABLE.forEach(engine -> engine.columns().forEach(names::addAll));
    Set<String> distinct = new HashSet<>(names);
    assertThat(names).hasSameSizeAs(distinct);
  }

  @Property(tries = 500)
  void parts_doNotMatter(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int part) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    int running = 0;
    for (int i = 0; i < random.nextInt(30); i++) {
      int value = random.nextInt(1_000);
      switch (random.nextInt(4)) {
        case 0 -> text.append("# TYPE vllm:num_requests_running gauge\n");
        case 1 -> text.append("other{le=\"").append(value).append("\"} 3\n");
        case 2 -> text.append(random.nextBoolean() ? "\n" : " \t\r\n");
        default -> {
          running += value;
          text.append(
              String.format(
                  Locale.ROOT, "vllm:num_requests_running{engine=\"%d\"}  %d.0\n", i, value));
        }
      }
    }
    text.append("tgi_queue_size 1");
    EngineReading reading = read(text.toString().getBytes(StandardCharsets.UTF_8), part);
    if (text.indexOf("vllm:num_requests_running{") >= 0) {
      assertThat(reading).isEqualTo(new EngineReading(-1, running, -1, -1));
    } else {
      assertThat(reading).isEqualTo(new EngineReading(-1, -1, 1, -1));
    }
  }

  /** Spoiled in any place, a good text gives some reading within its ranges, and no exception. */
  @Property(tries = 1_000)
  void spoiledText_neverThrows(@ForAll long seed) {
    Random random = new Random(seed);
    byte[] text =
        """
        vllm:num_requests_running{engine="0",model_name="a}b"} 3.0
        vllm:kv_cache_usage_perc{engine="0"} 0.5
        nv_trt_llm_request_metrics{request_type="waiting"} 1e9
        vllm:generation_tokens_total{engine="0"} 1.0e+06 17000
        """
            .getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 1 + random.nextInt(8); i++) {
      text[random.nextInt(text.length)] = (byte) random.nextInt(256);
    }
    EngineReading reading = read(text, 1 + random.nextInt(200));
    assertThat(reading.generatedTokens()).isGreaterThanOrEqualTo(-1);
    assertThat(reading.running()).isGreaterThanOrEqualTo(-1);
    assertThat(reading.waiting()).isGreaterThanOrEqualTo(-1);
    assertThat(reading.kvUsage()).isBetween(-1.0, 1.0);
  }
}
