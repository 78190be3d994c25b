package dev.caravan.chaos;

import dev.caravan.chaos.Ask.Manner;
import dev.caravan.chaos.Result.End;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import dev.caravan.time.Ticker;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The clients of the gateway, with their kept connections. Safe for any thread; blocks. */
final class Client implements AutoCloseable {
  private static final Ticker TICKER = Ticker.system();

  private final int port;
  private final Answers answers;
  private final ConcurrentLinkedDeque<RawHttp> idle = new ConcurrentLinkedDeque<>();

  Client(int port, Answers answers) {
    this.port = port;
    this.answers = answers;
  }

  Result ask(Ask ask) {
    return new Visit(ask).run();
  }

  @Override
  public void close() throws IOException {
    for (RawHttp one = idle.poll(); one != null; one = idle.poll()) {
      one.close();
    }
  }

  /** One request and what comes of it. For one thread. */
  private final class Visit {
    private final Ask ask;
    private final long sentNanos = TICKER.nanos();
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private @Nullable RawHead head;
    private long firstNanos;
    private volatile boolean left;

    Visit(Ask ask) {
      this.ask = ask;
    }

    Result run() {
      RawHttp http = ask.fresh() ? null : idle.poll();
      boolean keep = false;
      try {
        if (http == null) {
          http = new RawHttp(port);
        }
        http.post(ask.path(), ask.body(), "x-request-id: " + ask.id());
        Result result = read(http);
        keep = !ask.fresh() && result.end() != End.LEFT && whole(result);
        return result;
      } catch (IOException | RuntimeException broken) {
        return broken(broken);
      } finally {
        if (keep && http != null) {
          idle.push(http);
        } else if (http != null) {
          closeQuietly(http);
        }
      }
    }

    /** Whether the connection can be used again. */
    private boolean whole(Result result) {
      return result.end() != End.CUT || ask.stream();
    }

    private Result read(RawHttp http) throws IOException {
      if (ask.manner() == Manner.LEAVES_AT_ONCE) {
        return result(End.LEFT, "");
      }
      if (ask.manner() == Manner.LEAVES_LATER) {
        Pause.TIMER.schedule(() -> leave(http), ask.leaveAfter(), TimeUnit.MILLISECONDS);
      }
      RawHead answered = http.head();
      firstNanos = TICKER.nanos();
      head = answered;
      boolean chunked = answered.is("transfer-encoding", "chunked");
      if (!chunked) {
        readLength(http, answered);
        return judge(answered);
      }
      int chunks = 0;
      while (true) {
        byte[] chunk = http.chunk().bytes();
        if (chunk.length == 0) {
          return judge(answered);
        }
        body.write(chunk);
        if (ask.manner() == Manner.LEAVES_WITHIN && ++chunks == ask.leaveAfter()) {
          return result(End.LEFT, "");
        }
      }
    }

    private void readLength(RawHttp http, RawHead answered) throws IOException {
      int length = Integer.parseInt(String.valueOf(answered.header("content-length")));
      byte[] part = new byte[8192];
      while (body.size() < length) {
        int read = http.in().read(part, 0, Math.min(part.length, length - body.size()));
        if (read < 0) {
          throw new IOException("closed after " + body.size() + " of " + length + " bytes");
        }
        body.write(part, 0, read);
      }
    }

    private void leave(RawHttp http) {
      left = true;
      try {
        http.reset();
      } catch (IOException gone) {
        // it has its answer
      }
    }

    private Result judge(RawHead answered) {
      String text = body.toString(StandardCharsets.UTF_8);
      if (ask.manner() == Manner.WRONG) {
        return answered.status() == 400
            ? result(End.REJECTED, "")
            : result(End.FAILED, "not 400: " + text);
      }
      if (answered.status() != 200) {
        return result(End.FAILED, text);
      }
      Reading reading =
          ask.stream()
              ? Reading.stream(ask, text, true, expected(answered))
              : Reading.whole(ask.question(), text, expected(answered));
      return result(reading.end(), reading.detail());
    }

    private String expected(RawHead answered) {
      return answers.of(String.valueOf(answered.header("x-caravan-backend")), ask.question());
    }

    /** The connection ended, or what came on it makes no sense. */
    private Result broken(Exception how) {
      RawHead answered = head;
      if (left) {
        return result(End.LEFT, "");
      }
      if (answered == null || body.size() == 0) {
        return result(End.FAILED, how.toString());
      }
      if (ask.stream()) {
        return result(End.FALSE, how + " in a stream: " + body.toString(StandardCharsets.UTF_8));
      }
      // Half of an answer in one piece: that its length is not reached is all that can be said.
      return result(End.CUT, how.toString());
    }

    private Result result(End end, String detail) {
      long now = TICKER.nanos();
      RawHead answered = head;
      String backend = answered == null ? null : answered.header("x-caravan-backend");
      String attempts = answered == null ? null : answered.header("x-caravan-attempts");
      return new Result(
          ask,
          end,
          answered == null ? 0 : answered.status(),
          backend == null || backend.equals("none") ? "" : backend,
          attempts == null ? 0 : Integer.parseInt(attempts),
          false,
          detail,
          sentNanos,
          answered == null ? now : firstNanos,
          now);
    }
  }

  private static void closeQuietly(RawHttp http) {
    try {
      http.close();
    } catch (IOException gone) {
      // closed already
    }
  }
}
