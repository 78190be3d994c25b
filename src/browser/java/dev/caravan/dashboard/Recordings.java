package dev.caravan.dashboard;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/** What the admin API answers when it is asked for more than the overview. */
final class Recordings {
  private static final int HISTORY = 360;

  private Recordings() {}

  static JsonObject history(String query) {
    String name = query.substring(query.indexOf('=') + 1);
    JsonObject series = new JsonObject();
    String[] names = {
      "inflight",
      "requestsPerSecond",
      "tokensPerSecond",
      "ttftP50Seconds",
      "ttftP95Seconds",
      "failuresPerSecond"
    };
    double[] scales = {9, 2.6, 150, 0.14, 0.5, 0.15};
    for (int which = 0; which < names.length; which++) {
      JsonArray values = new JsonArray();
      for (int i = 0; i < HISTORY; i++) {
        if (i < 20) {
          values.addNull();
        } else {
          double wave =
              1
                  + Math.sin(i / 23.0 + name.length()) / 2
                  + Math.sin(i / 3.1 + which) / 9
                  + Math.sin(i * 1.9) / 12;
          values.add(which == 5 ? Math.max(0, wave - 1.5) * scales[which] : wave * scales[which]);
        }
      }
      series.put(names[which], values);
    }
    return new JsonObject()
        .put("name", name)
        .put("stepSeconds", 5)
        .put("to", Scenes.AT)
        .put("series", series);
  }

  static String source() {
    return """
        - route:
            id: llama-3.3-70b
            from:
              uri: pool:llama-3.3-70b
              steps:
                - loadBalance:
                    customLoadBalancer: { ref: prefix-affinity }
                    steps:
                      - circuitBreaker:
                          steps:
                            - to:
                                uri: model:gpu-a
                                parameters:
                                  url: http://10.0.0.11:8000
                                  weight: heavy
        """;
  }
}
