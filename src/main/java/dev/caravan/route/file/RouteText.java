package dev.caravan.route.file;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.support.ResourceSupport;
import org.snakeyaml.engine.v2.nodes.Node;

/** A route file as Camel's loader takes it: the text that was checked, not what is on disk now. */
public final class RouteText extends ResourceSupport {
  private final String text;

  private RouteText(RouteFile file, String text) {
    super(file.location().substring(0, file.location().indexOf(':')), file.location());
    this.text = text;
  }

  /** The whole of a file. */
  public static RouteText of(RouteFile file) {
    return new RouteText(file, file.text());
  }

  /**
   * The same without its beans, on the same lines: where they are as they were, they are not to be
   * made anew.
   */
  public static RouteText withoutBeans(RouteFile file) {
    List<Node> items = YamlNodes.items(file, new ArrayList<>());
    List<String> lines = new ArrayList<>(file.text().lines().toList());
    for (int i = 0; i < items.size(); i++) {
      if (YamlNodes.get(items.get(i), "beans") != null) {
        int end = i + 1 < items.size() ? YamlNodes.line(items.get(i + 1)) - 1 : lines.size();
        for (int line = YamlNodes.line(items.get(i)) - 1; line < end; line++) {
          lines.set(line, "");
        }
      }
    }
    String rest = String.join("\n", lines) + "\n";
    List<RouteFileError> errors = new ArrayList<>();
    YamlNodes.items(new RouteFile(file.name(), file.location(), rest), errors);
    return errors.isEmpty() ? new RouteText(file, rest) : of(file); // an alias to one of them
  }

  @Override
  public boolean exists() {
    return true;
  }

  @Override
  public InputStream getInputStream() {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }
}
