package dev.rankspark.score;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.cluster.SparkTask;
import dev.rankspark.files.Shown;
import dev.rankspark.model.BestHardware;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.prompt.PairText;
import dev.rankspark.reranker.Reranker;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Scores the rows of one task of a {@link PairScorer}: each with its score behind its own columns.
 * Rows without a query or a passage pass by the model.
 */
final class ScoreRows implements MapPartitionsFunction<Row, Row> {
  private static final long serialVersionUID = 1L;

  /** The number of a column that is not there. */
  static final int NO_FIELD = -1;

  private final int query;
  private final int passage;
  private final int title;
  private final Reranker reranker;
  private final String device;
  private final Dtype dtype; // null for auto
  private final int batchRows;
  private final int batchTokens; // 0 for what the shape and the device say
  private final ScoreCounters counters;
  private final HadoopSettings hadoop;

  ScoreRows(
      int query,
      int passage,
      int title,
      Reranker reranker,
      ScoreOptions options,
      ScoreCounters counters,
      HadoopSettings hadoop) {
    this.query = query;
    this.passage = passage;
    this.title = title;
    this.reranker = reranker;
    this.device = options.device();
    this.dtype = options.dtype().orElse(null);
    this.batchRows = options.batchRows();
    this.batchTokens = options.batchTokens().orElse(0);
    this.counters = counters;
    this.hadoop = hadoop;
  }

  /** A row by its query, for messages. */
  private record Known(Row row, String query) {
    @Override
    public String toString() {
      return "the query \"" + Shown.text(query) + "\"";
    }
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    Scored scored = new Scored(rows);
    return scored.pairs.hasNext() ? scored.begin() : scored.without.iterator();
  }

  private Scoring scoring() {
    Hardware hardware =
        BestHardware.detect(
            device, Optional.ofNullable(dtype), reranker.config(), SparkTask.current().cpus());
    return Scoring.decide(
        reranker,
        hardware,
        batchRows,
        batchTokens == 0 ? OptionalInt.empty() : OptionalInt.of(batchTokens));
  }

  private static Row with(Row row, Float score) {
    Object[] values = new Object[row.length() + 1];
    for (int i = 0; i < row.length(); i++) {
      values[i] = row.get(i);
    }
    values[row.length()] = score;
    return RowFactory.create(values);
  }

  private final class Scored implements Iterator<Row> {
    private final Pairs pairs;
    private final ArrayDeque<Row> without = new ArrayDeque<>();
    private final ArrayDeque<Row> done = new ArrayDeque<>();
    private ScoreTask<Known> task;

    Scored(Iterator<Row> rows) {
      this.pairs = new Pairs(rows, without);
    }

    Iterator<Row> begin() {
      PairCost cost = PairCost.of(reranker.config(), reranker.prompt().maxLength());
      task = ScoreTask.begin(pairs, scoring(), cost, counters, hadoop);
      return this;
    }

    @Override
    public boolean hasNext() {
      while (done.isEmpty() && without.isEmpty() && task.hasNext()) {
        ScorePipeline.Chunk<Known> chunk = task.next();
        for (int i = 0; i < chunk.pairs().size(); i++) {
          done.add(with(chunk.pairs().get(i).row, chunk.scores().scores()[i]));
        }
      }
      return !done.isEmpty() || !without.isEmpty();
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return done.isEmpty() ? without.remove() : done.remove();
    }
  }

  /** The rows that can be scored; puts the others aside, with a null for their score. */
  private final class Pairs implements Iterator<ScorePipeline.Pair<Known>> {
    private final Iterator<Row> rows;
    private final ArrayDeque<Row> without;
    private final PairText template =
        new PairText(reranker.prompt().queryPrefix(), reranker.prompt().passagePrefix());
    private Row ahead;

    Pairs(Iterator<Row> rows, ArrayDeque<Row> without) {
      this.rows = rows;
      this.without = without;
      advance();
    }

    private void advance() {
      ahead = null;
      while (ahead == null && rows.hasNext()) {
        Row row = rows.next();
        if (row.isNullAt(query) || row.isNullAt(passage)) {
          without.add(with(row, null));
        } else {
          ahead = row;
        }
      }
    }

    @Override
    public boolean hasNext() {
      return ahead != null;
    }

    @Override
    public ScorePipeline.Pair<Known> next() {
      if (ahead == null) {
        throw new NoSuchElementException();
      }
      Row row = ahead;
      advance();
      String titleText = title == NO_FIELD || row.isNullAt(title) ? "" : row.getString(title);
      return new ScorePipeline.Pair<>(
          new Known(row, row.getString(query)),
          template.format(row.getString(query), titleText, row.getString(passage)));
    }
  }
}
