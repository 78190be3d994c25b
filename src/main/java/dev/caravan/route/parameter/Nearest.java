package dev.caravan.route.parameter;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds the accepted name that a misspelt one most likely meant. */
public final class Nearest {

  private Nearest() {}

  /**
   * The accepted name with the fewest edits to the given one, ignoring case; null where none is
   * nearer than half of its length.
   */
  public static @Nullable String of(String given, Collection<String> accepted) {
    String best = null;
    int fewest = Integer.MAX_VALUE;
    for (String name : accepted) {
      int edits = edits(given.toLowerCase(Locale.ROOT), name.toLowerCase(Locale.ROOT));
      if (edits < fewest && edits <= name.length() / 2) {
        best = name;
        fewest = edits;
      }
    }
    return best;
  }

  /** Levenshtein's distance: insertions, deletions and replacements of one character. */
  private static int edits(String from, String to) {
    int[] row = new int[to.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int replace = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replace, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[to.length()];
  }
}
