package dev.caravan.speed;

import dev.caravan.request.InferenceRequest;
import dev.caravan.request.PromptPrefix;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What the prompt of a chat of a mebibyte costs. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class Reading {

  @Param({"heap", "direct"})
  String buffer;

  private ByteBuf body;
  private InferenceRequest request;

  /** A line break every eighty characters. */
  @Setup
  public void fill() {
    byte[] json = Fleets.body(Fleets.text(1 << 16, 1), Fleets.text(3 << 16, 2));
    body =
        buffer.equals("heap")
            ? Unpooled.wrappedBuffer(json)
            : Unpooled.directBuffer().writeBytes(json);
    request = Fleets.parsed(body);
  }

  /** The body is parsed and its prompt read. */
  @Benchmark
  public PromptPrefix parseAndRead() {
    return Fleets.parsed(body).prefix();
  }

  /** The prompt alone: another tenant's, so that nothing is known of it. */
  @Benchmark
  public PromptPrefix read() {
    request = request.of(request.tenant() + 1);
    return request.prefix();
  }
}
