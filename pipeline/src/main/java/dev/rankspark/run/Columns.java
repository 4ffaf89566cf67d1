package dev.rankspark.run;

import dev.rankspark.python.PythonText;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Lines whose columns are divided by tabs, and what they look like when blanks divide them too. */
final class Columns {
  private Columns() {}

  /**
   * A column between tabs that holds a blank.
   *
   * @param column its text
   * @param last the last column that counts
   */
  record Blank(String column, String last) {}

  /**
   * Looks for white space inside the columns of a line that has three or more of them between tabs:
   * read at all white space they would be others. The first five count, as a run's tag may hold
   * blanks.
   *
   * @param words how many columns there are at all white space
   */
  static Optional<Blank> blankBetweenTabs(String text, int words) {
    long tabs = text.chars().filter(c -> c == '\t').count();
    if (tabs == 0 || tabs == words - 1) { // nearly all lines
      return Optional.empty();
    }
    List<String> columns =
        Arrays.stream(PythonText.strip(text).split("\t")).map(PythonText::strip).toList();
    if (columns.size() == words || columns.size() < 3) {
      return Optional.empty();
    }
    int matter = Math.min(5, columns.size());
    return columns.stream()
        .limit(matter)
        .filter(column -> PythonText.split(column).size() > 1)
        .findFirst()
        .map(column -> new Blank(column, columns.get(matter - 1)));
  }
}
