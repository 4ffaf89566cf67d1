package dev.rankspark.run;

import dev.rankspark.InputException;
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
    RunColumns columns = RunColumns.parse(line, "qid Q0 docid rank score tag", where);
    try {
      double score = PythonFloat.parse(columns.score());
      if (Double.isFinite(score)) {
        return new RunLine(columns.qid(), columns.docid(), score);
      }
    } catch (NumberFormatException e) {
      // as wrong as an infinite one
    }
    throw InputException.of(
        "%s: expected a finite number as score, got \"%s\"", where.get(), columns.score());
  }
}
