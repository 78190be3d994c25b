package dev.caravan.route.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RouteFilesTest {
  @TempDir Path directory;
  @TempDir Path packaged;

  @Test
  void ownFiles_replacePackagedOnesOfTheSameName() throws Exception {
    pack("ingress.yaml", "errors.yaml", "probe.yaml", "llama.yaml");
    write("zephyr.yaml", "alpha.yml", "probe.yml");
    assertThat(names(find()))
        .containsExactly(
            "classpath:routes/errors.yaml",
            "classpath:routes/ingress.yaml",
            "alpha.yml",
            "probe.yml",
            "zephyr.yaml");
  }

  @Test
  void whatEditorsLeaveBehind_isPassedOver() throws Exception {
    write("a.yaml", "a.yaml~", ".a.yaml.swp", ".a.yaml", "#a.yaml#", "a.yaml.tmp", "4913", "b.txt");
    Files.createDirectory(directory.resolve("sub.yaml"));
    assertThat(names(find())).containsExactly("a.yaml");
  }

  @Test
  void content_isReadWithoutByteOrderMark() throws Exception {
    Files.writeString(directory.resolve("a.yaml"), "\uFEFF- route:");
    assertThat(find().get(0).text()).isEqualTo("- route:");
  }

  @Test
  void missingDirectoryAndHugeFile_areNamed() throws Exception {
    assertThatThrownBy(() -> RouteFiles.find(Path.of("/no/such")))
        .isInstanceOf(IOException.class)
        .hasMessage("/no/such is not a directory of route files");
    Files.write(directory.resolve("huge.yaml"), new byte[RouteFiles.MAX_BYTES + 1]);
    assertThatThrownBy(this::find).hasMessageEndingWith("is larger than 1 MiB: not a route file");
  }

  private List<RouteFile> find() throws IOException {
    URL[] path = {packaged.toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(path, null)) {
      return RouteFiles.find(directory, loader);
    }
  }

  private void pack(String... names) throws IOException {
    Path routes = Files.createDirectory(packaged.resolve("routes"));
    for (String name : names) {
      Files.writeString(routes.resolve(name), "");
    }
  }

  private void write(String... names) throws IOException {
    for (String name : names) {
      Files.writeString(directory.resolve(name), "");
    }
  }

  private List<String> names(List<RouteFile> files) {
    return files.stream()
        .map(RouteFile::location)
        .map(location -> location.replace("file:" + directory + "/", ""))
        .toList();
  }
}
