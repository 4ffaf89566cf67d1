package dev.rankspark.score;

import dev.rankspark.cluster.SparkTask;
import dev.rankspark.files.Shown;
import dev.rankspark.store.PairKey;
import dev.rankspark.store.TaskCommits;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;

/**
 * Scores the rows of one task of a {@link PairScorer}: each with its score behind its own columns.
 * Rows without a query or a passage, and those that a store has a score of, pass by the model; they
 * come last, so that none has to wait in memory.
 */
final class ScoreRows implements MapPartitionsFunction<Row, Row> {
  private static final long serialVersionUID = 1L;

  /** The number of a column that is not there. */
  static final int NO_FIELD = -1;

  private final StoredRows.Fields fields;
  private final int stored;
  private final TaskCommits commits; // null without a store
  private final TextScorer scorer;

  /**
   * @param stored the last column, with the score that a store has; {@link #NO_FIELD} without one
   * @param commits where new scores are kept; null without a store
   */
  ScoreRows(StoredRows.Fields fields, int stored, TaskCommits commits, TextScorer scorer) {
    this.fields = fields;
    this.stored = stored;
    this.commits = commits;
    this.scorer = scorer;
  }

  /** A row by its query, for messages; with its key where scores are kept. */
  private record Known(Row row, String query, PairKey key) {
    @Override
    public String toString() {
      return "the query \"" + Shown.text(query) + "\"";
    }
  }

  /** Whether a row passes by the model. */
  static Column passes(Column query, Column passage, Optional<Column> stored) {
    Column isIncomplete = query.isNull().or(passage.isNull());
    return stored.map(score -> isIncomplete.or(score.isNotNull())).orElse(isIncomplete);
  }

  private boolean passes(Row row) {
    return !fields.isComplete(row) || (stored != NO_FIELD && !row.isNullAt(stored));
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    return new Scored(new Pairs(rows));
  }

  private Row with(Row row, Float score) {
    return RowValues.with(row, stored == NO_FIELD ? row.length() : stored, score);
  }

  private final class Scored implements Iterator<Row> {
    private final Pairs pairs;
    private final ArrayDeque<Row> done = new ArrayDeque<>();
    private ScoreTask<Known> task; // null where there is nothing to score
    private TaskCommits.TaskScores scores; // null without a store

    Scored(Pairs pairs) {
      this.pairs = pairs;
      if (pairs.hasNext()) {
        task = scorer.begin(pairs);
        if (commits != null) {
          scores = commits.begin();
          SparkTask.current().onCompletion(scores::close);
        }
      }
    }

    private void compute() {
      ScorePipeline.Chunk<Known> chunk = task.next();
      for (int i = 0; i < chunk.pairs().size(); i++) {
        Known pair = chunk.pairs().get(i);
        float score = chunk.scores().scores()[i];
        done.add(with(pair.row, score));
        if (scores != null) {
          scores.add(pair.key, score);
        }
      }
      if (scores != null && !task.hasNext()) {
        scores.commit();
      }
    }

    @Override
    public boolean hasNext() {
      while (done.isEmpty() && task != null && task.hasNext()) {
        compute();
      }
      return !done.isEmpty() || pairs.hasPassing();
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      if (!done.isEmpty()) {
        return done.remove();
      }
      Row row = pairs.nextPassing();
      return with(row, stored == NO_FIELD || row.isNullAt(stored) ? null : row.getFloat(stored));
    }
  }

  /** The rows that can be scored, which come first; then those that pass by the model. */
  private final class Pairs implements Iterator<ScorePipeline.Pair<Known>> {
    private final Iterator<Row> rows;
    private Row ahead; // null at the end

    Pairs(Iterator<Row> rows) {
      this.rows = rows;
      advance();
    }

    private Row advance() {
      Row row = ahead;
      ahead = rows.hasNext() ? rows.next() : null;
      return row;
    }

    boolean hasPassing() {
      return ahead != null && passes(ahead);
    }

    Row nextPassing() {
      return advance();
    }

    @Override
    public boolean hasNext() {
      return ahead != null && !passes(ahead);
    }

    @Override
    public ScorePipeline.Pair<Known> next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Row row = advance();
      String text = fields.text(row);
      PairKey key = commits == null ? null : PairKey.of(text);
      return new ScorePipeline.Pair<>(new Known(row, row.getString(fields.query()), key), text);
    }
  }
}
