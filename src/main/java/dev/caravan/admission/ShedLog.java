package dev.caravan.admission;

import dev.caravan.time.Ticker;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** Tells the operator once when shedding begins and once when it is over. For one thread. */
final class ShedLog {
  private static final Logger LOG = Logger.getLogger("dev.caravan.admission");

  /** So long nothing must have been turned away: a limit that is met now and then is one story. */
  private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Admission admission;
  private final Ticker ticker;
  private final Story[] stories;

  /** One reason's shedding. */
  private static final class Story {
    final Shed why;
    boolean running;
    long seen;
    long before;
    long beganNanos;
    long lastNanos;

    Story(Shed why) {
      this.why = why;
    }
  }

  ShedLog(Admission admission, Ticker ticker) {
    this.admission = admission;
    this.ticker = ticker;
    this.stories = Arrays.stream(Shed.values()).map(Story::new).toArray(Story[]::new);
  }

  /** To be called a few times a second. */
  void look() {
    long now = ticker.nanos();
    for (Story story : stories) {
      long count = admission.shed(story.why);
      if (count != story.seen) {
        story.lastNanos = now;
        if (!story.running) {
          story.running = true;
          story.beganNanos = now;
          story.before = story.seen;
          LOG.warnf(
              "Shedding (%s): new %s get 503: %s",
              story.why.label(), what(story.why), admission.numbers(story.why));
        }
        story.seen = count;
      } else if (story.running && now - story.lastNanos >= QUIET_NANOS) {
        story.running = false;
        LOG.infof(
            "Shedding is over (%s): %d %s were turned away in %s s",
            story.why.label(),
            count - story.before,
            what(story.why),
            String.format(Locale.ROOT, "%.1f", (story.lastNanos - story.beganNanos) / 1e9));
      }
    }
  }

  private static String what(Shed why) {
    return why == Shed.CONNECTIONS ? "connections" : "requests";
  }
}
