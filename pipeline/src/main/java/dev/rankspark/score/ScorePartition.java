package dev.rankspark.score;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.corpus.Pairs;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Scores the numbered pairs of one task of a rerank job, in {@code mapPartitions}; gives {@link
 * #SCORED} rows in their order, the first before the last pair is read.
 */
final class ScorePartition implements FlatMapFunction<Iterator<NumberedPair>, Row> {
  private static final long serialVersionUID = 1L;

  /** The pair's number, from 0, over all pairs. */
  static final String NUMBER = "number";

  static final String SCORE = "score";

  static final StructType SCORED =
      new StructType()
          .add(NUMBER, DataTypes.LongType, false)
          .add(Pairs.QUERY_POSITION, DataTypes.LongType, false)
          .add(Pairs.QID, DataTypes.StringType, false)
          .add(Pairs.DOCID, DataTypes.StringType, false)
          .add(SCORE, DataTypes.FloatType, false);

  private final Scoring scoring;
  private final PairCost cost;
  private final ScoreCounters counters;
  private final HadoopSettings hadoop;

  ScorePartition(Scoring scoring, PairCost cost, ScoreCounters counters, HadoopSettings hadoop) {
    this.scoring = scoring;
    this.cost = cost;
    this.counters = counters;
    this.hadoop = hadoop;
  }

  @Override
  public Iterator<Row> call(Iterator<NumberedPair> pairs) {
    if (!pairs.hasNext()) {
      return Collections.emptyIterator();
    }
    Iterator<ScorePipeline.Pair<NumberedPair>> texts =
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            return pairs.hasNext();
          }

          @Override
          public ScorePipeline.Pair<NumberedPair> next() {
            NumberedPair pair = pairs.next();
            return new ScorePipeline.Pair<>(pair.withoutText(), pair.text);
          }
        };
    return new ScoredRows(ScoreTask.begin(texts, scoring, cost, counters, hadoop));
  }

  private static final class ScoredRows implements Iterator<Row> {
    private final ScoreTask<NumberedPair> task;
    private Iterator<Row> chunk = Collections.emptyIterator();

    ScoredRows(ScoreTask<NumberedPair> task) {
      this.task = task;
    }

    @Override
    public boolean hasNext() {
      if (!chunk.hasNext() && task.hasNext()) {
        ScorePipeline.Chunk<NumberedPair> scored = task.next();
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < scored.pairs().size(); i++) {
          rows.add(scored.pairs().get(i).scored(scored.scores().scores()[i]));
        }
        chunk = rows.iterator();
      }
      return chunk.hasNext();
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return chunk.next();
    }
  }
}
