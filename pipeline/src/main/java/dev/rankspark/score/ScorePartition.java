package dev.rankspark.score;

import dev.rankspark.InputException;
import dev.rankspark.corpus.Pairs;
import dev.rankspark.model.Hardware;
import dev.rankspark.prompt.PairText;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.resource.ResourceInformation;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Scores the pairs of one task, in {@code mapPartitions}; gives {@link #SCORED} rows in their
 * order.
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
  private final ScoreCounters counters;

  ScorePartition(ScoreOptions options, Hardware hardware, ScoreCounters counters) {
    this.options = options;
    this.hardware = hardware;
    this.counters = counters;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return rows;
    }
    PairText template =
        new PairText(options.prompt().queryPrefix(), options.prompt().passagePrefix());
    List<Row> pairs = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    while (rows.hasNext()) {
      Row pair = rows.next();
      texts.add(
          template.format(
              pair.getAs(Pairs.QUERY), pair.getAs(Pairs.TITLE), pair.getAs(Pairs.TEXT)));
      // The texts are as large as everything else together: keep them once.
      pairs.add(
          RowFactory.create(
              pair.getAs(PairNumbers.NUMBER),
              pair.getAs(Pairs.QUERY_POSITION),
              pair.getAs(Pairs.QID),
              pair.getAs(Pairs.DOCID)));
    }
    OptionalInt gpu = assignedGpu();
    int threads = TaskContext.get().cpus();
    try (ExecutorScorers.Lease lease =
        ExecutorScorers.acquire(
            hardware.device(gpu),
            List.of(options, hardware),
            () -> Scorer.load(options, hardware, gpu, threads, SparkHadoopUtil.get().conf()))) {
      Scorer.Scores scores = lease.scorer().score(texts, threads);
      counters.add(SparkEnv.get().executorId(), lease.loaded(), pairs.size(), scores);
      return scored(pairs, scores.scores());
    }
  }

  private static Iterator<Row> scored(List<Row> pairs, float[] scores) {
    List<Row> scored = new ArrayList<>(scores.length);
    for (int i = 0; i < scores.length; i++) {
      Row pair = pairs.get(i);
      if (!Float.isFinite(scores[i])) {
        throw InputException.of(
            "the model's score of query %s, docid %s is %s; nothing was published. Try --dtype"
                + " float32; if it stays, the weights are broken",
            pair.get(2), pair.get(3), scores[i]);
      }
      scored.add(RowFactory.create(pair.get(0), pair.get(1), pair.get(2), pair.get(3), scores[i]));
    }
    return scored.iterator();
  }

  /** The GPU that Spark's scheduler gave this task, if it schedules GPUs. */
  private static OptionalInt assignedGpu() {
    ResourceInformation gpus = TaskContext.get().resourcesJMap().get("gpu");
    return gpus == null || gpus.addresses().length == 0
        ? OptionalInt.empty()
        : OptionalInt.of(Integer.parseInt(gpus.addresses()[0]));
  }
}
