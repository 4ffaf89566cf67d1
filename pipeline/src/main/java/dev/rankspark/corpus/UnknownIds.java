package dev.rankspark.corpus;

import dev.rankspark.InputException;
import dev.rankspark.files.InputPaths;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** A run of which no id is known where it should be. */
final class UnknownIds {
  /** How many ids a message shows. */
  private static final int EXAMPLES = 3;

  /** Lines among which there are as many, for a run has many lines of a query. */
  private static final int MANY = 10_000;

  private UnknownIds() {}

  /** Ids of two kinds, by some of both sides: a run would come out empty, which nobody wants. */
  static InputException of(
      String what, InputPaths run, Dataset<Row> asked, InputPaths texts, Dataset<Row> known) {
    return InputException.of(
        "none of the %,d %s of %s %s is in %s %s: ids are compared letter by letter, the run has %s,"
            + " the other %s",
        asked.distinct().count(),
        what,
        run.option(),
        run,
        texts.option(),
        texts,
        examples(asked),
        examples(known));
  }

  private static String examples(Dataset<Row> ids) {
    List<String> some =
        ids.limit(MANY).distinct().limit(EXAMPLES).collectAsList().stream()
            .map(row -> "\"" + row.getString(0) + "\"")
            .sorted()
            .toList();
    return some.isEmpty() ? "none" : String.join(", ", some);
  }
}
