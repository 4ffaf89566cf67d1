package dev.rankspark.score;

import dev.rankspark.corpus.Pairs;
import dev.rankspark.prompt.PairFormat;
import dev.rankspark.prompt.Prompt;
import java.io.Serializable;
import org.apache.spark.sql.Row;

/** Rows of pairs, such as {@link dev.rankspark.corpus.RerankInput} gives, as texts. */
public final class PairRows implements Serializable {
  private static final long serialVersionUID = 1L;

  private final PairFormat template;

  public PairRows(Prompt prompt) {
    this.template = prompt.format();
  }

  /** The text that a model sees of a row with the columns of {@link Pairs}. */
  public String text(Row row) {
    return template.format(row.getAs(Pairs.QUERY), row.getAs(Pairs.TITLE), row.getAs(Pairs.TEXT));
  }
}
