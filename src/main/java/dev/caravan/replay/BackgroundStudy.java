package dev.caravan.replay;

import dev.caravan.fleet.BackgroundPolicy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What docs/background.md shows: interactive requests beside a backlog of background work that
 * never ends, by balancer, load and kind of work. On four servers; made on one thread.
 */
public final class BackgroundStudy {
  /** The page has what is generated between these two lines. */
  static final String BEGIN = "<!-- background:begin -->";

  static final String END = "<!-- background:end -->";

  static final Setup FLEET = Setup.DEFAULT.withServers(4);
  static final List<String> BALANCERS =
      List.of("round-robin", "least-inflight", "least-tokens", "prefix-affinity");

  /** Slots alone: background prompts wait for no quiet moment. */
  static final BackgroundPolicy SLOTS = new BackgroundPolicy(0.25, 64, false);

  /** As many as slots alone let in. */
  private static final int UNBRIDLED = 4 * 48;

  /** Interactive traffic is there before the backlog is: an idle fleet takes what it can. */
  private static final long FROM_MILLIS = 10_000;

  private static final double IDLE_SECONDS = 300;
  private static final double[] LOADS = {0.4, 0.7};

  /** A kind of background work. */
  enum Kind {
    ORDINARY("prompts of 256 to 1,791 tokens, answers of 32 to 287", 1_000, 1, 1),
    LONG_PROMPTS("prompts ten times as long", 150, 10, 1),
    LONG_ANSWERS("answers ten times as long", 1_000, 1, 10);

    final String words;
    private final int count;
    private final int prompt;
    private final int answer;

    Kind(String words, int count, int prompt, int answer) {
      this.words = words;
      this.count = count;
      this.prompt = prompt;
      this.answer = answer;
    }

    /** Jobs of that kind, the same each time. */
    Workload jobs() {
      return Workload.jobs(
          SyntheticTrace.jobs(7, count, prompt, answer), FLEET.engine().blockTokens());
    }
  }

  /** A run and the background tokens a second that it had. */
  record Beside(Figures figures, double tokens) {}

  private final Path traces;

  /** A study of the traces in that folder, and of made-up ones. */
  public BackgroundStudy(Path traces) {
    this.traces = traces;
  }

  /**
   * Runs all of it, and replaces what is generated in a page.
   *
   * @throws IOException where the page has no place for it, or something cannot be read or written
   */
  public void writeInto(Path page) throws IOException {
    String old = Files.readString(page);
    int begin = old.indexOf(BEGIN);
    int end = old.indexOf(END, Math.max(0, begin));
    if (begin < 0 || end < 0) {
      throw new IOException(page + " has no lines \"" + BEGIN + "\" and \"" + END + "\"");
    }
    String text = old.substring(0, begin) + BEGIN + "\n\n" + markdown() + "\n" + old.substring(end);
    Files.write(page, text.getBytes(StandardCharsets.UTF_8));
  }

  private String markdown() throws IOException {
    StringBuilder text = new StringBuilder();
    Trace azure = TraceReader.read(traces.resolve("azure-2023-code.csv")).first(0.35);
    Trace mooncake = TraceReader.read(traces.resolve("mooncake-synthetic.jsonl")).first(0.5);
    Trace zipf = SyntheticTrace.zipf(FLEET.seed());
    table(text, "zipf", zipf, FLEET, Kind.ORDINARY);
    table(text, "zipf", zipf, FLEET, Kind.LONG_PROMPTS);
    table(text, "zipf", zipf, FLEET, Kind.LONG_ANSWERS);
    table(text, "azure code", azure, FLEET, Kind.ORDINARY);
    table(text, "mooncake", mooncake, FLEET, Kind.ORDINARY);
    Trace chat = SyntheticTrace.chat(FLEET.seed());
    Setup quick = FLEET.withTtftLimit(300);
    table(text, "short chats, in time within 300 ms", chat, quick, Kind.ORDINARY);
    table(text, "short chats, in time within 300 ms", chat, quick, Kind.LONG_PROMPTS);
    text.append(
        "#### An idle fleet\n\n| background work | tokens/s | jobs/s |\n| --- | ---: | ---: |\n");
    for (Kind kind : Kind.values()) {
      Backlog jobs = backlog(kind);
      Workload nobody = Workload.of(zipf.first(0.001), FLEET.engine().blockTokens());
      new Replay(nobody, FLEET, "least-tokens", Scenario.STEADY, 1)
          .beside(jobs, 0)
          .idle(IDLE_SECONDS);
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %,.0f | %.1f |%n",
              kind.words,
              jobs.tokens() / IDLE_SECONDS,
              jobs.done() / IDLE_SECONDS));
    }
    return text.toString();
  }

  private static void table(StringBuilder text, String title, Trace trace, Setup setup, Kind kind) {
    Workload workload = Workload.of(trace, setup.engine().blockTokens());
    text.append(
        String.format(
            Locale.ROOT,
            "#### %s; background: %s%n%n"
                + "| balancer | load | alone p50 | p99 | no rule p99 | tokens/s | slots alone p99 |"
                + " tokens/s | whole rule p50 | p99 | times alone | tokens/s |%n"
                + "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
                + " ---: |%n",
            title,
            kind.words));
    for (String balancer : BALANCERS) {
      double capacity = Capacity.pace(workload, setup, balancer, Scenario.STEADY, 1);
      for (double load : LOADS) {
        double pace = load * capacity;
        Figures alone = new Replay(workload, setup, balancer, Scenario.STEADY, pace).run();
        Beside none = beside(workload, setup, balancer, pace, kind, false);
        Beside slots = beside(workload, setup.withBackground(SLOTS), balancer, pace, kind, true);
        Beside whole = beside(workload, setup, balancer, pace, kind, true);
        text.append(
            String.format(
                Locale.ROOT,
                "| `%s` | %.0f %%, %.1f/s | %s | %s | %s | %,.0f | %s | %,.0f | %s | %s | %.2f |"
                    + " %,.0f |%n",
                balancer,
                100 * load,
                alone.rate(),
                Tables.millis(alone.ttft().at(0.5)),
                p99(alone),
                p99(none.figures),
                none.tokens,
                p99(slots.figures),
                slots.tokens,
                Tables.millis(whole.figures.ttft().at(0.5)),
                p99(whole.figures),
                whole.figures.ttft().at(0.99) / alone.ttft().at(0.99),
                whole.tokens));
      }
    }
    text.append('\n');
  }

  private static String p99(Figures figures) {
    return Tables.millis(figures.ttft().at(0.99));
  }

  /** A backlog that yields. */
  static Backlog backlog(Kind kind) {
    return new Backlog(kind.jobs(), true, Integer.MAX_VALUE);
  }

  /** Interactive requests beside a backlog. */
  static Beside beside(
      Workload workload, Setup setup, String balancer, double pace, Kind kind, boolean yields) {
    Backlog jobs = new Backlog(kind.jobs(), yields, yields ? Integer.MAX_VALUE : UNBRIDLED);
    Figures figures =
        new Replay(workload, setup, balancer, Scenario.STEADY, pace)
            .beside(jobs, FROM_MILLIS)
            .run();
    return new Beside(figures, jobs.tokens() / (workload.trace().seconds() / pace));
  }
}
