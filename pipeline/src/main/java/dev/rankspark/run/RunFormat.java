package dev.rankspark.run;

import java.util.Optional;

/** What the columns of a run are. */
public enum RunFormat {
  /** Told by the number of columns, line by line; three columns are scores. */
  AUTO("3, 4 or 6 columns", "qid Q0 docid rank score tag"),
  /** {@code qid docid score}, as Tevatron's reranker writes it. */
  TEVATRON("3 columns", "qid docid score"),
  /** {@code qid docid rank}, as MS MARCO's evaluation reads it. */
  MARCO("3 columns", "qid docid rank"),
  /** {@code qid Q0 docid rank score tag}, the six columns of TREC; the tag may have blanks. */
  TREC("6 columns", "qid Q0 docid rank score tag"),
  /** {@code qid docid rank score}. */
  RANKED("4 columns", "qid docid rank score");

  private final String width;
  private final String columns;

  RunFormat(String width, String columns) {
    this.width = width;
    this.columns = columns;
  }

  /** The format of a line of so many columns under this one; empty if there is none. */
  Optional<RunFormat> ofWidth(int count) {
    Optional<RunFormat> told =
        switch (count) {
          case 0, 1, 2, 5 -> Optional.empty();
          case 3 -> Optional.of(this == MARCO ? MARCO : TEVATRON);
          case 4 -> Optional.of(RANKED);
          default -> Optional.of(TREC); // what follows the sixth belongs to the tag
        };
    return told.filter(format -> this == AUTO || this == format);
  }

  /** For messages. */
  String expected() {
    return width + " (\"" + columns + "\")";
  }
}
