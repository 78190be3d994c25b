package dev.caravan;

import java.lang.management.ManagementFactory;
import java.util.List;

/** What is said when the gateway is ready: a request to copy, and where to look. */
final class Welcome {
  /** The model that the demo fleet serves. */
  static final String DEMO_MODEL = "llama-3.1-8b";

  private Welcome() {}

  static String text(Settings settings, boolean secure, List<String> pools, int managementPort) {
    String address = (secure ? "https" : "http") + "://localhost:" + settings.http().port();
    String ready =
        String.format(
            java.util.Locale.ROOT,
            "Caravan is ready after %.1f s%s.",
            ManagementFactory.getRuntimeMXBean().getUptime() / 1000.0,
            settings.demo().enabled() ? ", with the demo fleet: swift, steady, slow" : "");
    if (pools.isEmpty()) {
      return ready + "\n  There is no pool yet: see docs/routes.md.";
    }
    String pool = pools.contains(DEMO_MODEL) ? DEMO_MODEL : pools.get(0);
    return ready
        + "\n  Ask:     curl -N "
        + address
        + "/v1/chat/completions -d '{\"model\":\""
        + pool
        + "\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'"
        + "\n  Models:  "
        + address
        + "/v1/models"
        + "\n  Look:    http://localhost:"
        + managementPort
        + "/"
        + "\n  Metrics: http://localhost:"
        + managementPort
        + "/q/metrics   Health: http://localhost:"
        + managementPort
        + "/q/health";
  }
}
