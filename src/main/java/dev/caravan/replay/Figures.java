package dev.caravan.replay;

import java.util.Arrays;
import java.util.List;

/**
 * What a run came to. Immutable. Times are milliseconds; shares are from 0 to 1.
 *
 * @param rate requests a second that came
 * @param meanTtft of the requests that had a first token
 * @param ttft of all requests; infinite for those without a first token
 * @param p99EndToEnd the 99th percentile from arrival to last token; infinite where more than a
 *     hundredth did not finish
 * @param hitShare of the finished requests' prompt tokens those that came from a prefix cache
 * @param maxOverMean prompt tokens computed by the busiest server over those of the average one
 * @param good share of the requests that finished and had their first token within the limit
 * @param goodput those, a second
 * @param rejected share that the gateway turned away
 * @param failed share of which no server answered, or whose answer broke off or never came
 * @param preemptions how often a request lost its KV blocks to another
 */
public record Figures(
    String balancer,
    int requests,
    double rate,
    double meanTtft,
    Percentiles ttft,
    double p99EndToEnd,
    double hitShare,
    double maxOverMean,
    double good,
    double goodput,
    double rejected,
    double failed,
    long preemptions) {

  static Figures of(
      String balancer,
      Workload workload,
      double pace,
      Setup setup,
      List<Passage> passages,
      List<Machine> machines) {
    int count = workload.items().size();
    double[] ttft = new double[count];
    double[] whole = new double[count];
    Arrays.fill(ttft, Double.POSITIVE_INFINITY);
    Arrays.fill(whole, Double.POSITIVE_INFINITY);
    double sum = 0;
    int answered = 0;
    int finished = 0;
    int good = 0;
    int rejected = 0;
    double prompt = 0;
    double cached = 0;
    long limitNanos = (long) (setup.ttftLimitMillis() * 1e6);
    for (int i = 0; i < passages.size(); i++) {
      Passage each = passages.get(i);
      if (each.firstTokenNanos >= 0) {
        ttft[i] = each.ttftNanos() / 1e6;
        sum += ttft[i];
        answered++;
      }
      if (each.ending == Passage.Ending.FINISHED) {
        whole[i] = (each.endNanos - each.arrivedNanos) / 1e6;
        prompt += each.item.promptTokens();
        cached += each.cachedTokens;
        finished++;
        good += each.late(limitNanos) ? 0 : 1;
      } else if (each.ending == Passage.Ending.REJECTED) {
        rejected++;
      }
    }
    double seconds = workload.trace().seconds() / pace;
    double computed = machines.stream().mapToLong(Machine::prefillTokens).sum();
    double most = machines.stream().mapToLong(Machine::prefillTokens).max().orElse(0);
    return new Figures(
        balancer,
        count,
        count / seconds,
        sum / Math.max(1, answered),
        new Percentiles(ttft),
        new Percentiles(whole).at(0.99),
        cached / Math.max(1, prompt),
        most * machines.size() / Math.max(1, computed),
        (double) good / count,
        good / seconds,
        (double) rejected / count,
        (double) (count - finished - rejected) / count,
        machines.stream().mapToLong(Machine::preemptions).sum());
  }
}
