package dev.caravan.route.parameter;

import dev.caravan.discovery.Place;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Secret;
import dev.caravan.fleet.Timeouts;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code model:} endpoint says about its server. Immutable.
 *
 * @param spec the server, as the fleet knows it
 * @param timeouts how long it may take, where the pool does not decide
 * @param keepAliveMillis how long an idle connection to it is kept
 * @param probe what its probes ask for
 * @param health the path that tells whether it is there; null where it is not to be asked
 * @param metrics the path of its engine's counters; null where they are not to be asked for
 * @param trustCertificates a PEM file of certificates to trust besides the JDK's; null for none
 * @param tls the entry of the TLS registry that says how it is spoken to; null for none
 * @param drain whether it is to finish what it has and get nothing new
 * @param discover where the servers are found for which it stands; null where it is one server
 * @param as where a server that was found is, as its endpoint has it: what it is asked for by, in
 *     Host and in TLS; null for its own address
 * @param group the name of the endpoint that stands for it; null where its own endpoint names it
 */
public record ModelParameters(
    BackendSpec spec,
    Timeouts timeouts,
    long keepAliveMillis,
    ProbeKind probe,
    @Nullable String health,
    @Nullable String metrics,
    @Nullable Path trustCertificates,
    @Nullable String tls,
    boolean drain,
    @Nullable Place discover,
    @Nullable URI as,
    @Nullable String group) {

  /** What the probes of a server ask for. */
  public enum ProbeKind {
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    /** A chat of a model that reasons, under OpenAI's rules for those. */
    REASONING,
    /** It is not probed. */
    OFF;

    /** As it is spelt in a route. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /*
   * Keep-alive 4 s: uvicorn, in front of vLLM and SGLang, closes a connection that was idle for 5 s;
   * whoever closes first never sends a request into a closing connection.
   */
  private static final long KEEP_ALIVE_MILLIS = 4_000;

  /** The URL of an endpoint that stands for others and says none. */
  private static final String NOWHERE = "http://discovered";

  private static final String FORWARD = "forwardCredentials";
  private static final String PROBE = "probe";
  private static final String HEALTH = "/health";
  private static final String METRICS = "/metrics";

  /** The table: everything a {@code model:} endpoint takes. */
  public static final List<Parameter> TABLE =
      List.of(
          row(
              "url",
              new Parameter.Url(),
              "required where the server is first named",
              "Where the server is: scheme, host, port, and a path prefix if it has one."),
          row(
              "discover",
              new Parameter.Discover(),
              "none",
              "Where servers are found for which this endpoint stands: see"
                  + " [discovery.md](discovery.md). Then `url` may be left out."),
          row(
              "model",
              new Parameter.Text(),
              "the pool's name",
              "The name by which the server knows the model."),
          row("weight", new Parameter.Whole(1, 256), "1", "Its share beside its siblings."),
          row(
              "maxInflight",
              new Parameter.Whole(1, Integer.MAX_VALUE),
              "no limit",
              "The most requests it holds at once; more go to its siblings."),
          row(
              "cacheTokens",
              new Parameter.Whole(1, Integer.MAX_VALUE),
              "what its engine says, else 262144",
              "Tokens that its prefix cache has room for."),
          row("zone", new Parameter.Text(), "none", "Where it stands."),
          row("labels", new Parameter.Labels(), "none", "Labels for filters and for people."),
          row(
              "apiKey",
              new Parameter.SecretReference(),
              "none",
              "Where the key is that goes to it as `Authorization: Bearer`; the key of a file is"
                  + " another as soon as the file is."),
          row(
              FORWARD,
              new Parameter.Word("true", "false"),
              "false",
              "Whether it gets the credentials that the client has shown, as they came: see"
                  + " [clients.md](clients.md#forwarding-credentials). Not beside `apiKey`; there"
                  + " are no probes then, since these have none."),
          row(
              PROBE,
              new Parameter.Word("chat", "completions", "embeddings", "reasoning", "off"),
              "chat",
              "What its probes ask for."),
          row(
              "health",
              new Parameter.PathOrOff(),
              HEALTH,
              "The path that tells whether it is there, beside its API: a `/v1` at the end of its"
                  + " URL is left out."),
          row(
              "metrics",
              new Parameter.PathOrOff(),
              METRICS,
              "The path of its engine's counters, likewise."),
          row(
              "connectTimeout",
              new Parameter.Duration(),
              "the pool's",
              "Until the connection stands, TLS included."),
          row(
              "firstTokenTimeout",
              new Parameter.Duration(),
              "the pool's",
              "From the start of the attempt to the first byte of the answer's body."),
          row(
              "betweenTokensTimeout",
              new Parameter.Duration(),
              "the pool's",
              "Silence between two parts of an answer."),
          row("totalTimeout", new Parameter.Duration(), "the pool's", "The whole attempt."),
          row(
              "keepAlive",
              new Parameter.Duration(),
              "4s",
              "How long an idle connection is kept; less than the server keeps it."),
          row(
              "trustCertificates",
              new Parameter.ExistingFile(),
              "the JDK's own",
              "A PEM file of certificates to trust as well."),
          row(
              "tls",
              new Parameter.Text(),
              "none",
              "The entry `quarkus.tls.NAME` that says whom to trust, and what certificate to show:"
                  + " see [tls.md](tls.md). Not beside `trustCertificates`."),
          row(
              "drain",
              new Parameter.Word("true", "false"),
              "false",
              "Whether it is to finish what it has and get nothing new."));

  private static Parameter row(String name, Parameter.Type type, String otherwise, String meaning) {
    return new Parameter(name, type, otherwise, meaning);
  }

  /** The server's name in a {@code model:} URI, or null where the URI has another scheme. */
  public static @Nullable String nameOf(String uri) {
    return EndpointName.in(uri, "model");
  }

  /**
   * What the parameters of an endpoint say.
   *
   * @param name the server's name
   * @param given values by name, placeholders resolved; an {@code apiKey} that is neither {@code
   *     env:} nor {@code file:} is what a placeholder held, and thus the key itself
   * @param environment the value of an environment variable, or null
   * @throws IllegalArgumentException with everything that is wrong, in one message that starts with
   *     {@code model:name}
   */
  public static ModelParameters read(
      String name, Map<String, String> given, UnaryOperator<@Nullable String> environment) {
    List<String> problems = problems(name, given);
    String found = given.get("discover");
    if (!given.containsKey("url") && found == null) {
      problems.add("url is missing, such as http://10.0.0.11:8000");
    }
    if (given.containsKey("tls")) {
      if (given.containsKey("trustCertificates")) {
        problems.add("tls and trustCertificates: one of them says whom to trust");
      }
      if (given.getOrDefault("url", NOWHERE).toLowerCase(Locale.ROOT).startsWith("http:")) {
        problems.add("tls is for a url with https");
      }
    }
    boolean forwards = Boolean.parseBoolean(given.get(FORWARD));
    if (forwards && given.containsKey("apiKey")) {
      problems.add("apiKey and forwardCredentials: one of them says what it gets");
    }
    String probe = given.getOrDefault(PROBE, forwards ? "off" : "chat");
    if (forwards && !probe.equals("off")) {
      problems.add("probe: a probe has no client whose credentials could be forwarded");
    }
    Secret key = null;
    String reference = given.get("apiKey");
    if (reference != null) {
      try {
        key = ApiKey.of(reference, environment);
      } catch (IOException e) {
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException("model:" + name + ": " + String.join("; ", problems));
    }
    String trust = given.get("trustCertificates");
    return new ModelParameters(
        new BackendSpec(
            name,
            URI.create(given.getOrDefault("url", NOWHERE)),
            Integer.parseInt(given.getOrDefault("weight", "1")),
            given.containsKey("maxInflight")
                ? Integer.parseInt(given.getOrDefault("maxInflight", ""))
                : BackendSpec.UNLIMITED,
            given.get("model"),
            key,
            given.get("zone"),
            labels(given.get("labels")),
            given.containsKey("cacheTokens")
                ? Integer.parseInt(given.getOrDefault("cacheTokens", ""))
                : BackendSpec.UNKNOWN,
            forwards),
        PoolParameters.timeouts(given),
        millis(given, "keepAlive", KEEP_ALIVE_MILLIS),
        ProbeKind.valueOf(probe.toUpperCase(Locale.ROOT)),
        path(given, "health", HEALTH),
        path(given, "metrics", METRICS),
        trust == null ? null : Path.of(trust),
        given.get("tls"),
        Boolean.parseBoolean(given.getOrDefault("drain", "false")),
        found == null ? null : Place.of(found),
        found != null && given.containsKey("url") ? URI.create(given.get("url")) : null,
        null);
  }

  private static List<String> problems(String name, Map<String, String> given) {
    List<String> problems = new ArrayList<>();
    if (!EndpointName.model(name)) {
      problems.add("\"" + name + "\" is not " + EndpointName.MODEL_ACCEPTED);
    }
    problems.addAll(Parameter.problems(given, TABLE));
    return problems;
  }

  /** What to say about a parameter that no row of a table knows. */
  public static String unknown(String parameter, List<Parameter> table) {
    List<String> names = table.stream().map(Parameter::name).toList();
    String near = Nearest.of(parameter, names);
    return "unknown parameter \""
        + parameter
        + "\""
        + (near == null
            ? ", accepted: " + String.join(", ", names)
            : ", did you mean " + near + "?");
  }

  private static Map<String, String> labels(@Nullable String text) {
    Map<String, String> labels = new LinkedHashMap<>();
    if (text != null) {
      for (String label : text.split(",", -1)) {
        int equals = label.indexOf('=');
        labels.put(label.substring(0, equals), label.substring(equals + 1));
      }
    }
    return labels;
  }

  private static @Nullable String path(Map<String, String> given, String name, String otherwise) {
    String path = given.getOrDefault(name, otherwise);
    return path.equals("off") ? null : path;
  }

  private static long millis(Map<String, String> given, String name, long otherwise) {
    String text = given.get(name);
    return text == null ? otherwise : Durations.millis(text).orElse(otherwise);
  }
}
