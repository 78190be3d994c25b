package dev.caravan.simulator;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Runs one simulated server as a process of its own, for tests and benchmarks. */
public final class SimulatorMain {
  static final String HELP =
      """
      A simulated model server (vLLM's API, timing of Llama-3.1-8B).

        java -cp ... dev.caravan.simulator.SimulatorMain [options]

        --port N         port to bind, 0 to 65535; 0 takes a free one     (0)
        --host ADDRESS   address to bind                                  (127.0.0.1)
        --name NAME      its name, which its answers say                  (simulated)
        --model NAME     model it serves; may be given again              (llama-3.1-8b)
        --card CARD      h100 or a100                                     (h100)
        --speedup X      engine time over real time, above 0              (1)
        --step-factor X  how much longer a step takes, above 0            (1)
        --max-seqs N     sequences that run at once, 1 to 2048            (256)
        --kv-blocks N    KV blocks of 16 tokens, from 1                   (28400)
        --metrics NAMES  vllm, sglang, tgi, llama-cpp or none             (vllm)
        --remember N     requests kept for inspection, from 0             (0)
        --seed N         what its choices depend on                       (1)
        --help           this text

      Prints "ready http://HOST:PORT" once it listens; ends on SIGTERM.
      Faults: POST, GET and DELETE /simulator/fault, for example
        {"kind":"status","status":503,"retryAfterSeconds":2,"times":3}
      """;

  private SimulatorMain() {}

  /** Starts the server that the options describe. */
  public static void main(String[] args) {
    if (List.of(args).contains("--help")) {
      System.out.print(HELP);
      return;
    }
    Vertx vertx =
        Vertx.vertx(new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(2));
    SimulatedServer server;
    try {
      server = configure(SimulatedServer.builder(vertx).rememberedRequests(0), args).build();
    } catch (IllegalArgumentException e) {
      fail(vertx, System.err, e.getMessage() + "; --help lists the options", 2);
      return;
    }
    server
        .start()
        .onSuccess(
            started -> {
              System.out.println("ready " + started.uri());
              System.out.flush();
            })
        .onFailure(failure -> fail(vertx, System.err, String.valueOf(failure.getMessage()), 1));
  }

  private static void fail(Vertx vertx, PrintStream to, String message, int code) {
    to.println(message);
    vertx.close().onComplete(closed -> System.exit(code));
  }

  /**
   * Applies the options of a command line.
   *
   * @throws IllegalArgumentException with a message for the user if one is wrong
   */
  static SimulatedServerBuilder configure(SimulatedServerBuilder builder, String... args) {
    Deque<String> rest = new ArrayDeque<>(List.of(args));
    Deque<String> models = new ArrayDeque<>();
    EngineParameters parameters = EngineParameters.H100;
    while (!rest.isEmpty()) {
      String option = rest.remove();
      if (rest.isEmpty()) {
        throw new IllegalArgumentException(option + " is unknown or has no value");
      }
      String value = rest.remove();
      try {
        switch (option) {
          case "--port" -> builder.port(Integer.parseInt(value));
          case "--host" -> builder.host(value);
          case "--name" -> builder.name(value);
          case "--model" -> models.add(value);
          case "--card" -> parameters = parameters.withStepTime(card(value));
          case "--speedup" -> builder.speedup(Double.parseDouble(value));
          case "--step-factor" -> builder.stepFactor(Double.parseDouble(value));
          case "--max-seqs" -> parameters = parameters.withMaxSequences(Integer.parseInt(value));
          case "--kv-blocks" -> parameters = parameters.withKv(Integer.parseInt(value), 16);
          case "--metrics" -> builder.metrics(dialect(value));
          case "--remember" -> builder.rememberedRequests(Integer.parseInt(value));
          case "--seed" -> builder.seed(Long.parseLong(value));
          default -> throw new IllegalArgumentException("unknown option " + option);
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(option + " wants a number, not " + value, e);
      }
    }
    if (!models.isEmpty()) {
      builder.models(List.copyOf(models));
    }
    return builder.parameters(parameters);
  }

  private static Dialect dialect(String name) {
    return switch (name) {
      case "vllm" -> Dialect.VLLM;
      case "sglang" -> Dialect.SGLANG;
      case "tgi" -> Dialect.TGI;
      case "llama-cpp" -> Dialect.LLAMA_CPP;
      case "none" -> Dialect.NONE;
      default ->
          throw new IllegalArgumentException(
              "--metrics is vllm, sglang, tgi, llama-cpp or none, not " + name);
    };
  }

  private static StepTime card(String name) {
    return switch (name) {
      case "h100" -> StepTime.H100;
      case "a100" -> StepTime.A100;
      default -> throw new IllegalArgumentException("--card is h100 or a100, not " + name);
    };
  }
}
