package dev.caravan.route.parameter;

import dev.caravan.discovery.Place;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One parameter of an endpoint: the row of the table that route files are checked against, that
 * endpoints are made from, and that {@code docs/routes.md} prints.
 *
 * @param name as it is spelt in a route
 * @param type what values it takes
 * @param otherwise what holds where it is not given, for people
 * @param meaning one sentence, for people
 */
public record Parameter(String name, Type type, String otherwise, String meaning) {

  /** What values a parameter takes. */
  public interface Type {
    /** Completes "{@code name "value" is not …}"; also the type's name in the documentation. */
    String accepted();

    /** Whether the text is such a value; placeholders are resolved before. */
    boolean takes(String text);

    /** Whether messages must not print the value. */
    default boolean secret() {
      return false;
    }
  }

  /**
   * What is wrong with a value of this parameter, or null where nothing is.
   *
   * @param text the value, placeholders resolved
   */
  public @Nullable String problem(String text) {
    if (type.takes(text)) {
      return null;
    }
    String value =
        type.secret()
            ? name
            : name + " \"" + shortened(text.replaceAll("//[^/@]*@", "//***@")) + "\"";
    return value + " is not " + type.accepted();
  }

  /**
   * What is wrong with values of a table's parameters; empty where nothing is. Where a secret is
   * expected, placeholders are resolved already, and nothing can be said of it. Changeable.
   */
  static List<String> problems(Map<String, String> given, List<Parameter> table) {
    List<String> problems = new ArrayList<>();
    given.forEach(
        (name, text) -> {
          Parameter row = find(name, table);
          String problem =
              row == null
                  ? ModelParameters.unknown(name, table)
                  : row.type().secret() ? null : row.problem(text);
          if (problem != null) {
            problems.add(problem);
          }
        });
    return problems;
  }

  private static @Nullable Parameter find(String name, List<Parameter> table) {
    for (Parameter row : table) {
      if (row.name().equals(name)) {
        return row;
      }
    }
    return null;
  }

  private static String shortened(String text) {
    String line = text.replaceAll("\\p{Cntrl}", " ");
    return line.length() <= 80 ? line : line.substring(0, 79) + "…";
  }

  /** A whole number in a range. */
  public record Whole(int min, int max) implements Type {
    @Override
    public String accepted() {
      return max == Integer.MAX_VALUE
          ? "a whole number from " + min
          : "a whole number from " + min + " to " + max;
    }

    @Override
    public boolean takes(String text) {
      if (!text.matches("\\d{1,10}")) {
        return false;
      }
      long number = Long.parseLong(text);
      return number >= min && number <= max;
    }
  }

  /** One of a few words. */
  record Word(List<String> words) implements Type {
    Word(String... words) {
      this(Arrays.asList(words));
    }

    @Override
    public String accepted() {
      return "one of " + String.join(", ", words);
    }

    @Override
    public boolean takes(String text) {
      return words.contains(text);
    }
  }

  /** A length of time from 1 ms. */
  public record Duration() implements Type {
    @Override
    public String accepted() {
      return Durations.ACCEPTED;
    }

    @Override
    public boolean takes(String text) {
      return Durations.millis(text).isPresent();
    }
  }

  /** A length of time from 1 ms, or one of a few words instead. */
  record DurationOr(List<String> words) implements Type {
    DurationOr(String... words) {
      this(Arrays.asList(words));
    }

    @Override
    public String accepted() {
      return String.join(" or ", words) + ", or " + Durations.ACCEPTED;
    }

    @Override
    public boolean takes(String text) {
      return words.contains(text) || Durations.millis(text).isPresent();
    }
  }

  /** Text in one line that is not empty. */
  record Text() implements Type {
    @Override
    public String accepted() {
      return "text of 1 to 256 characters in one line";
    }

    @Override
    public boolean takes(String text) {
      return !text.isBlank() && text.length() <= 256 && !text.matches("(?s).*\\p{Cntrl}.*");
    }
  }

  /** A path of a server itself, or the word off. */
  record PathOrOff() implements Type {
    @Override
    public String accepted() {
      return "off, or a path such as /health";
    }

    @Override
    public boolean takes(String text) {
      return text.equals("off") || text.matches("/[!-\"$-~]{0,255}");
    }
  }

  /** The name of a file that exists. */
  record ExistingFile() implements Type {
    @Override
    public String accepted() {
      return "the name of a file that can be read";
    }

    @Override
    public boolean takes(String text) {
      try {
        return Files.isReadable(Path.of(text)) && !Files.isDirectory(Path.of(text));
      } catch (InvalidPathException e) {
        return false;
      }
    }
  }

  /** The URI of an endpoint, or one of a few words instead. */
  record EndpointOr(List<String> words) implements Type {
    EndpointOr(String... words) {
      this(Arrays.asList(words));
    }

    @Override
    public String accepted() {
      return (words.isEmpty() ? "" : String.join(" or ", words) + ", or ")
          + "an endpoint such as kafka:topic or amqp:queue:name";
    }

    @Override
    public boolean takes(String text) {
      return words.contains(text) || text.matches("[a-z][a-z0-9+.-]*:\\S+");
    }
  }

  /** Names with stars in them, separated by commas. */
  record Patterns() implements Type {
    @Override
    public String accepted() {
      return "names separated by commas, in which * stands for anything";
    }

    @Override
    public boolean takes(String text) {
      return text.matches("\\s*[^\\s,]{1,256}\\s*(,\\s*[^\\s,]{1,256}\\s*)*");
    }
  }

  /** Labels, {@code k=v,k=v}. */
  record Labels() implements Type {
    private static final String LABEL = "[A-Za-z0-9_.-]{1,64}=[A-Za-z0-9_.:/-]{1,128}";

    @Override
    public String accepted() {
      return "labels such as gpu=h100,rack=b2";
    }

    @Override
    public boolean takes(String text) {
      if (!text.matches(LABEL + "(," + LABEL + ")*")) {
        return false;
      }
      String[] labels = text.split(",", -1);
      return Arrays.stream(labels)
              .map(label -> label.substring(0, label.indexOf('=')))
              .distinct()
              .count()
          == labels.length;
    }
  }

  /** Names, separated by commas. */
  record Names() implements Type {
    @Override
    public String accepted() {
      return "model names separated by commas";
    }

    @Override
    public boolean takes(String text) {
      return Arrays.stream(text.split(",", -1)).allMatch(name -> EndpointName.pool(name.strip()));
    }
  }

  /** Where a secret is, never the secret. */
  record SecretReference() implements Type {
    @Override
    public String accepted() {
      return "a reference to a secret such as env:NAME, file:path or {{property}}; a key is never"
          + " written into a route";
    }

    @Override
    public boolean takes(String text) {
      return text.matches("(env:[A-Za-z_][A-Za-z0-9_]*|file:\\S.*|\\{\\{[^{}]+\\}\\})");
    }

    @Override
    public boolean secret() {
      return true;
    }
  }

  /** Where servers are found. */
  record Discover() implements Type {
    @Override
    public String accepted() {
      return Place.ACCEPTED;
    }

    @Override
    public boolean takes(String text) {
      return Place.of(text) != null;
    }
  }

  /** The base URL of a server. */
  record Url() implements Type {
    @Override
    public String accepted() {
      return "a URL such as http://10.0.0.11:8000 or https://gpu.example.com/prefix, without user,"
          + " query or fragment";
    }

    @Override
    public boolean takes(String text) {
      try {
        URI url = new URI(text);
        return ("http".equalsIgnoreCase(url.getScheme())
                || "https".equalsIgnoreCase(url.getScheme()))
            && url.getHost() != null
            && url.getRawUserInfo() == null
            && url.getRawQuery() == null
            && url.getRawFragment() == null
            && url.getPort() != 0
            && url.getPort() <= 65_535;
      } catch (URISyntaxException e) {
        return false;
      }
    }
  }
}
