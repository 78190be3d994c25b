package dev.caravan.chaos;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.testing.RawHttp;
import dev.caravan.time.Ticker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** What each server answers to each question when nothing is wrong. Safe for any thread. */
final class Answers {
  private static final Ticker TICKER = Ticker.system();
  private static final ObjectMapper JSON = new ObjectMapper();

  private record Key(String server, int question) {}

  private final Map<Key, String> texts = new ConcurrentHashMap<>();
  private final AtomicLong slowestNanos = new AtomicLong();

  private Answers() {}

  /** Asks every server every question, past the gateway. */
  static Answers learn(List<Pool> pools, List<Question> questions, Servers servers) {
    Answers answers = new Answers();
    answers.ask(pools, questions, servers, 24);
    // Once more, now that the servers are warm: how fast is this machine, at this hour?
    answers.slowestNanos.set(0);
    answers.ask(pools, questions.stream().filter(Question::isShort).toList(), servers, 8);
    return answers;
  }

  private void ask(List<Pool> pools, List<Question> questions, Servers servers, int threads) {
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      List<CompletableFuture<Void>> asking = new ArrayList<>();
      for (Pool pool : pools) {
        for (String name : pool.servers()) {
          int port = servers.get(name).port();
          for (Question question : questions) {
            Runnable one =
                () -> {
                  long start = TICKER.nanos();
                  String text = ask(port, pool.model(), question);
                  slowestNanos.accumulateAndGet(TICKER.nanos() - start, Math::max);
                  texts.put(new Key(name, question.number()), text);
                };
            asking.add(CompletableFuture.runAsync(one, executor));
          }
        }
      }
      asking.forEach(CompletableFuture::join);
    } finally {
      executor.shutdownNow();
    }
  }

  /** The longest that a short answer took when nothing was wrong. */
  long slowestMillis() {
    return TimeUnit.NANOSECONDS.toMillis(slowestNanos.get());
  }

  private static String ask(int port, String model, Question question) {
    try {
      RawHttp.Answer answer =
          RawHttp.ask(port, question.api().path(), question.body(model, false, false));
      if (answer.status() != 200) {
        throw new IllegalStateException(answer.text());
      }
      return question.said(JSON.readTree(answer.body()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String of(String server, Question question) {
    return Objects.requireNonNull(texts.get(new Key(server, question.number())), server);
  }
}
