package dev.rankspark.jobs;

import dev.rankspark.run.RunFormat;
import dev.rankspark.run.RunReader;
import picocli.CommandLine.Option;

/** What the columns of a run are. */
final class RunFormatMixin {
  private static final String OPTION = "--run-format";

  /** For {@code --help}, where an option takes a {@link RunFormat}. */
  static final String FORMATS =
      "auto (by the number of columns: 3, 4 or 6), tevatron (qid docid score), marco (qid docid"
          + " rank), ranked (qid docid rank score) or trec (qid Q0 docid rank score tag);"
          + " default ${DEFAULT-VALUE}, which refuses 3 columns that count ranks";

  @Option(
      names = OPTION,
      defaultValue = "auto",
      paramLabel = "FORMAT",
      description = "the run's columns: " + FORMATS)
  private RunFormat format;

  RunReader reader() {
    return new RunReader(format, OPTION);
  }
}
