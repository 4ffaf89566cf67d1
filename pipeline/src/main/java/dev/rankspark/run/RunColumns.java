package dev.rankspark.run;

import dev.rankspark.InputException;
import java.util.List;
import java.util.function.Supplier;

/**
 * The columns that matter of a run's line, as text: {@code qid docid score}, {@code qid docid rank
 * score} or {@code qid Q0 docid rank score tag}, at any white space.
 */
record RunColumns(String qid, String docid, String score) {

  /**
   * Reads a line.
   *
   * @param expected the columns that a message names
   * @param where gives {@code file:line}; called for an error alone
   */
  static RunColumns parse(String line, String expected, Supplier<String> where) {
    List<String> columns = PythonText.split(line);
    return switch (columns.size()) {
      case 3 -> new RunColumns(columns.get(0), columns.get(1), columns.get(2));
      case 4 -> new RunColumns(columns.get(0), columns.get(1), columns.get(3));
      case 6 -> new RunColumns(columns.get(0), columns.get(2), columns.get(4));
      default ->
          throw InputException.of(
              "%s: expected 3, 4 or 6 columns (\"%s\"), got %d: \"%s\"",
              where.get(), expected, columns.size(), line);
    };
  }
}
