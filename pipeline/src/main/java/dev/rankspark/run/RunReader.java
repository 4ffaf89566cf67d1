package dev.rankspark.run;

import dev.rankspark.InputException;
import dev.rankspark.python.PythonFloat;
import dev.rankspark.python.PythonText;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * How all commands read a run's lines, which is how trec_eval and Tevatron's {@code read_result} do
 * it: columns at any white space; blank lines are skipped, and what follows the sixth column.
 *
 * @param option the option that says what the columns are, for messages: {@code --run-format}
 */
public record RunReader(RunFormat format, String option) implements Serializable {

  /** Told by the columns, for {@code --run-format}. */
  public static final RunReader AUTO = new RunReader(RunFormat.AUTO, "--run-format");

  /**
   * Reads a line.
   *
   * @param where gives {@code file:line}; called for an error alone
   * @return empty for a blank one
   * @throws InputException if it is no line of the format, or can be read in two ways
   */
  public Optional<RunLine> line(String text, Supplier<String> where) {
    List<String> columns = PythonText.split(text);
    if (columns.isEmpty()) {
      return Optional.empty();
    }
    RunFormat told =
        format
            .ofWidth(columns.size())
            .orElseThrow(
                () ->
                    InputException.of(
                        "%s: expected %s, got %d: \"%s\"",
                        where.get(), format.expected(), columns.size(), text));
    if (format == RunFormat.AUTO) {
      refuseBlanksInIds(text, columns, where);
    }
    int docid = told == RunFormat.TREC ? 2 : 1;
    int score =
        switch (told) {
          case TREC -> 4;
          case RANKED -> 3;
          default -> 2;
        };
    String tag = told == RunFormat.TREC ? columns.get(5) : Run.NO_TAG;
    RunLine line =
        new RunLine(
            id("qid", columns.get(0), where),
            id("docid", columns.get(docid), where),
            score(told, columns.get(score), where),
            columns.get(score),
            told,
            tag);
    return Optional.of(line);
  }

  /** Whether {@link #refusal} is to be thrown where all lines of a file count ranks. */
  public boolean refusesRanks() {
    return format == RunFormat.AUTO;
  }

  /** Of a file whose third column counts ranks: as scores they would turn the run round. */
  public InputException refusal(String file) {
    return InputException.of(
        "%s: the third column counts 1, 2, 3, ... in every query, as an MS MARCO run does (qid"
            + " docid rank); read as scores it would put the last first: say %s marco, or %s"
            + " tevatron if these are scores",
        file, option, option);
  }

  private static String id(String name, String id, Supplier<String> where) {
    Ids.wrong(name, id)
        .ifPresent(
            message -> {
              throw new InputException(where.get() + ": " + message);
            });
    return id;
  }

  private static double score(RunFormat told, String text, Supplier<String> where) {
    if (told == RunFormat.MARCO) {
      long rank = RunLine.rank(text);
      if (rank == 0) {
        throw InputException.of(
            "%s: expected a whole number from 1 as rank, got \"%s\"", where.get(), text);
      }
      return 1.0 / rank;
    }
    double score = number(text);
    if (!Double.isFinite(score)) {
      throw InputException.of(
          "%s: expected a finite number as score, got \"%s\"", where.get(), text);
    }
    return score;
  }

  /** Not finite for a text that is none. */
  private static double number(String text) {
    try {
      return PythonFloat.parse(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  /**
   * A blank in an id moves the columns behind it: {@code q Q0 danube 2 1 5.51 tag} has a document
   * danube with the score 1 and a tag that begins with 5.51, {@code q<tab>danube 2<tab>5.51} a
   * rank.
   */
  private void refuseBlanksInIds(String text, List<String> columns, Supplier<String> where) {
    if (columns.size() > 6
        && RunLine.rank(columns.get(4)) > 0
        && Double.isFinite(number(columns.get(5)))) {
      throw InputException.of(
          "%s: expected 6 columns, got %d of which both \"%s\" and \"%s\" may be the score; an id"
              + " with white space cannot be read, replace it in all files; if the tag has blanks,"
              + " say %s trec: \"%s\"",
          where.get(), columns.size(), columns.get(4), columns.get(5), option, text);
    }
    Columns.blankBetweenTabs(text, columns.size())
        .filter(blank -> Double.isFinite(number(blank.last())))
        .ifPresent(
            blank -> {
              throw InputException.of(
                  "%s: expected columns without white space, got \"%s\" between tabs; an id with"
                      + " white space cannot be read, replace it in all files; if tabs and blanks"
                      + " both divide columns here, say by %s what these are",
                  where.get(), blank.column(), option);
            });
  }
}
