package dev.rankspark.run;

import dev.rankspark.InputException;
import java.util.List;
import java.util.function.Supplier;

/** One line of a first stage's run; the score is finite. */
public record RunLine(String qid, String docid, double score) {

  /**
   * Reads a line as Tevatron's {@code read_result} does: {@code qid docid score}, {@code qid docid
   * rank score} or {@code qid Q0 docid rank score tag}, at any white space.
   *
   * @param where gives {@code file:line}; called for an error alone
   */
  public static RunLine parse(String line, Supplier<String> where) {
    List<String> columns = PythonText.split(line);
    return switch (columns.size()) {
      case 3 -> of(columns.get(0), columns.get(1), columns.get(2), where);
      case 4 -> of(columns.get(0), columns.get(1), columns.get(3), where);
      case 6 -> of(columns.get(0), columns.get(2), columns.get(4), where);
      default ->
          throw InputException.of(
              "%s: expected 3, 4 or 6 columns (\"qid Q0 docid rank score tag\"), got %d: \"%s\"",
              where.get(), columns.size(), line);
    };
  }

  private static RunLine of(String qid, String docid, String score, Supplier<String> where) {
    try {
      double value = PythonFloat.parse(score);
      if (Double.isFinite(value)) {
        return new RunLine(qid, docid, value);
      }
    } catch (NumberFormatException e) {
      // as wrong as an infinite one
    }
    throw InputException.of(
        "%s: expected a finite number as score, got \"%s\"", where.get(), score);
  }
}
