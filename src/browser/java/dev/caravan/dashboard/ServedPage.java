package dev.caravan.dashboard;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** The page's files as Quarkus serves them, with the headers of application.properties. */
final class ServedPage {
  private static final Path PAGE = Path.of("src/main/resources/META-INF/resources");
  private static final String HEADERS = "quarkus.http.filter.page.header.";
  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css",
          "js", "text/javascript",
          "svg", "image/svg+xml");

  private final Properties settings = new Properties();

  ServedPage() {
    try (InputStream file = Files.newInputStream(Path.of("application.properties"))) {
      settings.load(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void answer(HttpServerRequest request, String path) {
    byte[] file = read(path);
    for (String name : settings.stringPropertyNames()) {
      if (name.startsWith(HEADERS)) {
        request
            .response()
            .putHeader(
                name.substring(HEADERS.length()).replace("\"", ""), settings.getProperty(name));
      }
    }
    if (file == null) {
      request.response().setStatusCode(404).end();
    } else {
      String type = path.substring(path.lastIndexOf('.') + 1);
      request
          .response()
          .putHeader("content-type", TYPES.getOrDefault(type, "application/octet-stream"))
          .end(Buffer.buffer(file));
    }
  }

  private static byte @Nullable [] read(String path) {
    try {
      if (path.startsWith("/webjars/")) {
        try (InputStream jar = ServedPage.class.getResourceAsStream("/META-INF/resources" + path)) {
          return jar == null ? null : jar.readAllBytes();
        }
      }
      Path file = PAGE.resolve(path.substring(1)).normalize();
      return file.startsWith(PAGE) && Files.isRegularFile(file) ? Files.readAllBytes(file) : null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
