package dev.caravan.simulator;

import dev.caravan.simulator.OpenAiRequest.Operation;
import dev.caravan.simulator.ReceivedRequest.End;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.impl.ConnectionBase;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One request for inference and its answer, which ends exactly once: finished, failed, or aborted
 * because the client left. For the server's event loop.
 */
final class Exchange {
  private final ServerCore core;
  private final HttpServerRequest http;
  private final HttpServerResponse response;
  private final ReceivedRequest received;
  private final @Nullable Fault fault;
  private boolean open = true;
  private boolean stuck;
  private @Nullable Runnable onLeave;

  Exchange(ServerCore core, HttpServerRequest http, ReceivedRequest received) {
    this.core = core;
    this.http = http;
    this.response = http.response();
    this.received = received;
    this.fault = core.faults.strike();
    core.log.begun();
    response.exceptionHandler(gone -> {});
    response.closeHandler(closed -> left());
  }

  /** Understands the request and begins to answer it, unless a fault has something against it. */
  void begin(Operation operation, Buffer body) {
    if (faultBeforeHead()) {
      return;
    }
    OpenAiRequest request;
    try {
      requireJson();
      request = OpenAiRequest.parse(operation, body);
      String model = request.model();
      if (model != null && !core.models.contains(model)) {
        throw Refusal.unknownModel(model);
      }
      if (operation == Operation.EMBEDDING) {
        new EmbeddingCall(core, this, request).begin();
      } else {
        new GenerationCall(core, this, request, fault).begin();
      }
    } catch (Refusal refusal) {
      answer(refusal.status(), refusal.json(), End.FAILED);
    }
  }

  ReceivedRequest received() {
    return received;
  }

  HttpServerResponse response() {
    return response;
  }

  boolean open() {
    return open;
  }

  /** What to do when the client leaves before the end. */
  void onLeave(Runnable action) {
    onLeave = action;
  }

  /** Answers in one piece and ends. */
  void answer(int status, String json, End how) {
    if (!open) {
      return;
    }
    end(how);
    response.setStatusCode(status).putHeader("content-type", "application/json");
    response.end(json);
  }

  /** Sends the head and half of the body, then closes the connection. */
  void answerHalf(String json) {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    response.putHeader("content-type", "application/json");
    response.putHeader("content-length", Integer.toString(body.length));
    response.write(Buffer.buffer(Arrays.copyOf(body, body.length / 2)));
    cut();
  }

  /** The id that the client or a gateway gave the request, if any. */
  @Nullable String requestId() {
    return http.getHeader("x-request-id");
  }

  /** Writes the last bytes of a stream together with its end. */
  void endStream(Buffer last, End how) {
    if (open) {
      end(how);
      response.end(last);
    }
  }

  /** Sends the head of a stream. */
  void sendStreamHead() {
    response.setChunked(true).putHeader("content-type", "text/event-stream; charset=utf-8");
    response.writeHead();
  }

  /** Lets the client wait until it leaves; the request counts as running meanwhile. */
  void hang() {
    stuck = true;
    core.stuck++;
  }

  /** Closes the connection behind what has been written. */
  void cut() {
    end(End.FAILED);
    http.connection().close();
  }

  private boolean faultBeforeHead() {
    if (fault instanceof Fault.HangBeforeHead) {
      hang();
    } else if (fault instanceof Fault.HangBeforeFirstToken) {
      sendStreamHead();
      hang();
    } else if (fault instanceof Fault.Reset) {
      end(End.FAILED);
      Channel channel = ((ConnectionBase) http.connection()).channel();
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
      ChannelFuture unused = channel.close();
    } else if (fault instanceof Fault.Status status) {
      if (status.retryAfterSeconds() != null) {
        response.putHeader("retry-after", status.retryAfterSeconds().toString());
      }
      String message = "a fault of the simulator";
      String json = OpenAiWire.error(status.status(), "SimulatedFault", message, null);
      answer(status.status(), json, End.FAILED);
    } else {
      return false;
    }
    return true;
  }

  private void requireJson() throws Refusal {
    String type = http.getHeader("content-type");
    String media = type == null ? "" : type.split(";", 2)[0].strip();
    if (!media.equalsIgnoreCase("application/json")) {
      throw Refusal.invalid("Unsupported Media Type: Only 'application/json' is allowed");
    }
  }

  private void left() {
    if (open) {
      end(End.ABORTED);
      core.metrics.aborted++;
      if (onLeave != null) {
        onLeave.run();
      }
    }
  }

  private void end(End how) {
    if (!open) {
      throw new IllegalStateException("an exchange ends once");
    }
    open = false;
    if (stuck) {
      core.stuck--;
    }
    core.log.ended(received, how);
  }
}
