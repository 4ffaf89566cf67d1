package dev.rankspark.score;

import dev.rankspark.InputException;
import dev.rankspark.cluster.ExecutorModels;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.cluster.SparkTask;
import dev.rankspark.corpus.Pairs;
import dev.rankspark.model.Hardware;
import dev.rankspark.prompt.PairText;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Scores the pairs of one task, in {@code mapPartitions}; gives {@link #SCORED} rows in their
 * order, the first before the last pair is read.
 */
final class ScorePartition implements FlatMapFunction<Iterator<Row>, Row> {
  private static final long serialVersionUID = 1L;

  static final String SCORE = "score";

  static final StructType SCORED =
      new StructType()
          .add(PairNumbers.NUMBER, DataTypes.LongType, false)
          .add(Pairs.QUERY_POSITION, DataTypes.LongType, false)
          .add(Pairs.QID, DataTypes.StringType, false)
          .add(Pairs.DOCID, DataTypes.StringType, false)
          .add(SCORE, DataTypes.FloatType, false);

  private final ScoreOptions options;
  private final Hardware hardware;
  private final PairCost cost;
  private final ScoreCounters counters;

  /** The driver's: an executor's own lacks what the command line said of Hadoop. */
  private final HadoopSettings hadoop;

  ScorePartition(
      ScoreOptions options,
      Hardware hardware,
      PairCost cost,
      ScoreCounters counters,
      Configuration hadoop) {
    this.hadoop = new HadoopSettings(hadoop);
    this.options = options;
    this.hardware = hardware;
    this.cost = cost;
    this.counters = counters;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return rows;
    }
    SparkTask task = SparkTask.current();
    Optional<String> gpu = task.gpu();
    // Spark starts no more tasks than the executor has cores for: together they use those alone.
    int threads = task.cpus();
    ExecutorModels.Lease<Scorer> lease =
        ExecutorModels.acquire(
            Scorer.class,
            hardware.device(gpu),
            List.of(options, hardware),
            counters.job(),
            // on all of the executor's cores: its other tasks wait for the same model
            () -> Scorer.load(options, hardware, gpu, task.executorCores(), hadoop.value()));
    task.onCompletion(lease::close);
    ScorePipeline pipeline =
        new ScorePipeline(pairs(rows), lease.model(), options.batchTokens(), threads);
    task.onCompletion(pipeline::close); // the last one added runs first
    return new ScoredRows(pipeline, ScoreCounters.Task.begun(task.executorId(), lease.loaded()));
  }

  private Iterator<ScorePipeline.Pair> pairs(Iterator<Row> rows) {
    PairText template =
        new PairText(options.prompt().queryPrefix(), options.prompt().passagePrefix());
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return rows.hasNext();
      }

      @Override
      public ScorePipeline.Pair next() {
        Row row = rows.next();
        return new ScorePipeline.Pair(
            new ScorePipeline.Id(
                row.getAs(PairNumbers.NUMBER),
                row.getAs(Pairs.QUERY_POSITION),
                row.getAs(Pairs.QID),
                row.getAs(Pairs.DOCID)),
            template.format(row.getAs(Pairs.QUERY), row.getAs(Pairs.TITLE), row.getAs(Pairs.TEXT)));
      }
    };
  }

  private final class ScoredRows implements Iterator<Row> {
    private final ScorePipeline pipeline;
    private ScoreCounters.Task counted;
    private Iterator<Row> chunk = Collections.emptyIterator();

    ScoredRows(ScorePipeline pipeline, ScoreCounters.Task counted) {
      this.pipeline = pipeline;
      this.counted = counted;
    }

    @Override
    public boolean hasNext() {
      if (!chunk.hasNext() && pipeline.hasNext()) {
        ScorePipeline.Chunk scored = pipeline.next();
        counted = counted.plus(scored.scores(), cost);
        if (!pipeline.hasNext()) {
          counters.add(counted);
        }
        chunk = rows(scored).iterator();
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

  private static List<Row> rows(ScorePipeline.Chunk chunk) {
    float[] scores = chunk.scores().scores();
    List<Row> rows = new ArrayList<>(scores.length);
    for (int i = 0; i < scores.length; i++) {
      ScorePipeline.Id pair = chunk.pairs().get(i);
      if (!Float.isFinite(scores[i])) {
        throw InputException.of(
            "the model's score of query %s, docid %s is %s; nothing was published. Try --dtype"
                + " float32; if it stays, the weights are broken",
            pair.qid(), pair.docid(), scores[i]);
      }
      rows.add(
          RowFactory.create(
              pair.number(), pair.queryPosition(), pair.qid(), pair.docid(), scores[i]));
    }
    return rows;
  }
}
