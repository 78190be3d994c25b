package dev.caravan.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.admin.RouteFileList.File;
import dev.caravan.admin.RouteFileList.Mistake;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RouteFileChangesTest {
  private List<File> files = List.of(file("a.yaml", "active", 1));
  private final Changes changes = new Changes(() -> 7);
  private final RouteFileChanges watch =
      new RouteFileChanges(
          new RouteFileList() {
            @Override
            public List<File> files() {
              return files;
            }

            @Override
            public @Nullable String source(String file) {
              return null;
            }
          },
          changes);

  private static File file(String name, String state, long changedAt, Mistake... mistakes) {
    return new File(name, state, false, changedAt, List.of(), List.of(mistakes));
  }

  private void see(File... now) {
    files = List.of(now);
    watch.look();
  }

  @Test
  void look_notesWhatCameChangedAndWent() {
    watch.look();
    watch.look();
    assertThat(changes.latest()).isEmpty();
    see(file("a.yaml", "active", 2), file("b.yaml", "active", 2));
    see(file("a.yaml", "active", 2));
    assertThat(changes.latest())
        .extracting(
            Changes.Change::name, Changes.Change::from, Changes.Change::to, Changes.Change::reason)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("b.yaml", "active", "removed", null),
            org.assertj.core.groups.Tuple.tuple("b.yaml", null, "active", "added"),
            org.assertj.core.groups.Tuple.tuple("a.yaml", "active", "active", "changed"));
  }

  @Test
  void rejected_saysWhy() {
    watch.look();
    see(file("a.yaml", "rejected", 3, new Mistake(14, "model:gpu-a", "weight is no number")));
    assertThat(changes.latest())
        .singleElement()
        .satisfies(
            change -> {
              assertThat(change.what()).isEqualTo("routes");
              assertThat(change.to()).isEqualTo("rejected");
              assertThat(change.reason()).isEqualTo("line 14: model:gpu-a: weight is no number");
            });
  }
}
