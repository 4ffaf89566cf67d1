package dev.rankspark.score;

import dev.rankspark.cluster.Mapped;
import dev.rankspark.score.ScoredTexts.Scored;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;

/**
 * Scores the rows of one task, each a query and an array of passages, into an array of scores
 * behind the row's own columns.
 */
final class GroupRows implements MapPartitionsFunction<Row, Row> {
  private static final long serialVersionUID = 1L;

  private final int query;
  private final int passages;
  private final int titles;
  private final TextScorer scorer;

  /**
   * @param titles the column of the passages' titles; {@link ScoreRows#NO_FIELD} without one
   */
  GroupRows(int query, int passages, int titles, TextScorer scorer) {
    this.query = query;
    this.passages = passages;
    this.titles = titles;
    this.scorer = scorer;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    return new Mapped<>(new ScoredTexts<>(scorer, rows, this::texts), GroupRows::with);
  }

  /** Null where there is nothing to score. */
  private List<String> texts(Row row) {
    return row.isNullAt(query) || row.isNullAt(passages)
        ? null
        : scorer.texts(
            row.getString(query),
            titles == ScoreRows.NO_FIELD || row.isNullAt(titles) ? null : row.getList(titles),
            row.getList(passages));
  }

  private static Row with(Scored<Row> scored) {
    Row row = scored.row();
    return RowValues.with(row, row.length(), (Object) scored.scores());
  }
}
