package dev.caravan.select.score;

import dev.caravan.fleet.Load;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Scorer;

/**
 * The cost is a time: until a server has computed what it has before this request and then the part
 * of this prompt that is not in its cache, and what it costs later requests that this part takes
 * the room of theirs there.
 */
public record ExpectedTtft() implements Scorer {

  /*
   * Cache and load trade in milliseconds, without a threshold:
   *
   *   cost = (backlog + own + EVICTED * pressure * uncached + DISTURBED * running * own) / speed
   *   own  = FIXED + uncached
   *
   * The first two terms are the time to this request's own first token. They alone would send every
   * prompt that begins like others, with a system prompt say, to the one server that has the
   * beginning, as long as it is not busy: its cache would be written over again and again while
   * others stand empty. What is written pushes out what was used longest ago, and somebody computes
   * that again. The sooner a cache throws out what it has, the more of it is still wanted; so what
   * a prompt costs there rises with the pressure. Where all caches turn over equally fast they keep
   * together what one large cache would. And while a prompt is computed, the answers that the server
   * is making wait: the last term is their time.
   */

  /**
   * How many tokens are computed again for one that is written, at average pressure, over all the
   * time that what was pushed out would have been of use. Chosen by simulation, where every value
   * from 1 to 6 does about as well; see docs/simulation.md.
   */
  static final double EVICTED = 3;

  /**
   * What a pause within somebody's answer counts beside the same time before one's own: it is
   * shared by all its tokens, and fewer notice. Chosen by simulation, where 0.1 to 0.3 does as
   * well.
   */
  static final double DISTURBED = 0.25;

  @Override
  public String name() {
    return "expected-ttft";
  }

  @Override
  public String unit() {
    return "ms";
  }

  @Override
  public double measure(InferenceRequest request, BackendView view) {
    double uncached = Math.max(0, request.promptTokens() - view.cachedTokens());
    double own = Load.FIXED_TOKENS + uncached;
    // Nobody sits before the answers of background requests.
    int running = Math.max(0, view.inflight() - view.queued() - view.background().settled());
    double others = EVICTED * view.pressure() * uncached + DISTURBED * running * own;
    double tokens = view.backlogTokens() + own + others;
    return tokens / view.tokensPerMilli();
  }

  @Override
  public double score(InferenceRequest request, BackendView view) {
    return 1 / (1 + measure(request, view));
  }
}
