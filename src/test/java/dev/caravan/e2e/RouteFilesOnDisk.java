package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.TestGateway;
import dev.caravan.route.file.RouteFileStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The route files of a gateway that runs, as an operator edits them. */
final class RouteFilesOnDisk {
  /** Looks often, so that tests need not wait. */
  static final Map<String, String> QUICK =
      Map.of("caravan.routes.reload-period", "10ms", "caravan.routes.reload-quiet", "30ms");

  private static final Duration LONG = Duration.ofSeconds(20);

  private final TestGateway gateway;

  RouteFilesOnDisk(TestGateway gateway) {
    this.gateway = gateway;
  }

  /** Writes a file as careful editors do, in one step. */
  void write(String name, String text) throws IOException {
    Path beside = Files.writeString(gateway.routes().resolve(name + ".tmp"), text);
    Files.move(
        beside,
        gateway.routes().resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  /** Writes a file, and waits until it runs. */
  void apply(String name, String text) throws IOException {
    double before = count("applied") + count("unchanged") + count("rejected");
    write(name, text);
    await()
        .atMost(LONG)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> count("applied") + count("unchanged") + count("rejected") > before);
    assertThat(status(name).errors()).isEmpty();
    assertThat(status(name).state()).isEqualTo(RouteFileStatus.State.ACTIVE);
  }

  void delete(String name) throws IOException {
    double before = count("applied");
    Files.delete(gateway.routes().resolve(name));
    await().atMost(LONG).pollInterval(Duration.ofMillis(5)).until(() -> count("applied") > before);
  }

  /** Writes a file that is at fault, and waits until that is told. */
  RouteFileStatus refused(String name, String text) throws IOException {
    double before = count("rejected");
    write(name, text);
    await().atMost(LONG).pollInterval(Duration.ofMillis(5)).until(() -> count("rejected") > before);
    return status(name);
  }

  boolean has(String name) {
    return Files.exists(gateway.routes().resolve(name));
  }

  /** How often changes came to that. */
  double count(String result) {
    return gateway.meters().get("caravan.routes.reloads").tag("result", result).counter().count();
  }

  boolean inSync() {
    return gateway.meters().get("caravan.routes.in.sync").gauge().value() == 1;
  }

  RouteFileStatus status(String name) {
    List<RouteFileStatus> found =
        gateway.routeStatus().files().stream()
            .filter(each -> each.file().endsWith("/" + name))
            .toList();
    assertThat(found).as(name).hasSize(1);
    return found.get(0);
  }

  /** Waits until nothing is left of what was replaced: routes, and servers that no route names. */
  void awaitSwept(int routes, String... fleet) {
    await()
        .atMost(LONG)
        .pollInterval(Duration.ofMillis(20))
        .untilAsserted(
            () -> {
              assertThat(gateway.camelRoutes()).hasSize(routes);
              assertThat(gateway.fleet()).containsExactly(fleet);
            });
  }
}
