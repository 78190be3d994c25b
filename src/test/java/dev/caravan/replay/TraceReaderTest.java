package dev.caravan.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TraceReaderTest {
  @TempDir Path folder;

  private Path file(String name, String... lines) throws IOException {
    return Files.write(folder.resolve(name), List.of(lines));
  }

  @Test
  void read_jsonLines_sortsByTime() throws IOException {
    Trace trace =
        TraceReader.read(
            file(
                "a.jsonl",
                "{\"timestamp\": 2000, \"input_length\": 600, \"output_length\": 0, \"hash_ids\": [7, 8]}",
                "",
                "{\"hash_ids\": [7], \"extra\": {\"a\": [1]}, \"timestamp\": 500.5, \"input_length\": 512,"
                    + " \"output_length\": 9}"));
    assertThat(trace.name()).isEqualTo("a.jsonl");
    assertThat(trace.seconds()).isEqualTo(1.4995);
    assertThat(trace.rate()).isEqualTo(2 / 1.4995);
    Trace.Request first = trace.requests().get(0);
    assertThat(first.atMillis()).isEqualTo(500.5);
    assertThat(first.blocks()).containsExactly(7);
    Trace.Request second = trace.requests().get(1);
    assertThat(second.inputTokens()).isEqualTo(600);
    assertThat(second.blocks()).containsExactly(7, 8);
    assertThat(second.outputTokens()).as("an answer has a token at least").isEqualTo(1);
  }

  @Test
  void read_blocksWithoutIds_areNobodyElses() throws IOException {
    Trace trace =
        TraceReader.read(
            file(
                "a.jsonl",
                "{\"timestamp\": 0, \"input_length\": 1500, \"output_length\": 1, \"hash_ids\": [7]}",
                "{\"timestamp\": 1, \"input_length\": 1500, \"output_length\": 1}"));
    assertThat(trace.requests().get(0).blocks()).containsExactly(7, -1, -2);
    assertThat(trace.requests().get(1).blocks()).containsExactly(-3, -4, -5);
  }

  @Test
  void read_csv_knowsNoPrefixes() throws IOException {
    Trace trace =
        TraceReader.read(
            file(
                "a.csv",
                "GeneratedTokens,TIMESTAMP,ContextTokens",
                "10,2023-11-16 18:17:04.0319600,600",
                "8,2023-11-16 18:17:03.9799600,100"));
    assertThat(trace.requests()).hasSize(2);
    double apart = trace.requests().get(1).atMillis() - trace.requests().get(0).atMillis();
    assertThat(apart).isCloseTo(52, within(0.01));
    assertThat(trace.requests().get(0).inputTokens()).isEqualTo(100);
    assertThat(trace.requests().get(0).blocks()).hasSize(1);
    assertThat(trace.requests().get(1).blocks())
        .hasSize(2)
        .doesNotContain(trace.requests().get(0).blocks());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "[];is not a JSON object",
        "{\"timestamp\": 0, ;is not the JSON that is expected",
        "{\"timestamp\": \"x\"};is not the JSON that is expected",
        "{\"timestamp\": 0, \"input_length\": 0, \"output_length\": 1};an input_length from 1",
        "{\"input_length\": 1, \"output_length\": 1};a timestamp from 0",
        "{\"timestamp\": 0, \"input_length\": 512, \"output_length\": 1, \"hash_ids\": [1, 2]};has 2"
            + " hash_ids for 512 tokens: at most 1",
        "{\"timestamp\": 0, \"input_length\": 9, \"output_length\": 1, \"hash_ids\": 3};no array",
        "{\"timestamp\": 0, \"input_length\": 9, \"output_length\": 1, \"hash_ids\": [-3]};negative",
      })
  void read_wrongLine_saysFileLineAndWhat(String line, String what) throws IOException {
    Path file =
        file("b.jsonl", "{\"timestamp\": 0, \"input_length\": 1, \"output_length\": 1}", line);
    assertThatThrownBy(() -> TraceReader.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("b.jsonl, line 2")
        .hasMessageContaining(what);
  }

  @Test
  void read_wrongCsv_saysWhat() throws IOException {
    Path column = file("c.csv", "TIMESTAMP,ContextTokens");
    assertThatThrownBy(() -> TraceReader.read(column))
        .hasMessageContaining("line 1, has no column GeneratedTokens");
    Path time = file("d.csv", "TIMESTAMP,ContextTokens,GeneratedTokens", "yesterday,1,1");
    assertThatThrownBy(() -> TraceReader.read(time))
        .hasMessageContaining("line 2, has a value that is no time");
    Path number =
        file("e.csv", "TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:17:04,one,1");
    assertThatThrownBy(() -> TraceReader.read(number))
        .hasMessageContaining("line 2, has a value that is no number");
    Path empty = file("f.jsonl", "");
    assertThatThrownBy(() -> TraceReader.read(empty)).hasMessageContaining("has no requests");
  }
}
