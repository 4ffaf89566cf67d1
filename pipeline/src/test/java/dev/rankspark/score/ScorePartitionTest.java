package dev.rankspark.score;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.jni.JniUtils;
import dev.rankspark.cluster.Disturbances;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.corpus.RerankInput;
import dev.rankspark.corpus.Shard;
import dev.rankspark.files.InputPaths;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.reranker.Reranker;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScorePartitionTest {
  private static final Path REFERENCE = Path.of(System.getProperty("rankspark.home"), "reference");

  /** Spark lets no more tasks work than cores / cpus: with so many threads each, that is all. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aTaskUsesTheCoresThatSparkGaveIt(int cpus) {
    try (SparkSession spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.sql.shuffle.partitions", 2)
            .config("spark.task.cpus", cpus)
            .getOrCreate()) {
      Dataset<Row> pairs =
          RerankInput.read(
              spark,
              InputPaths.of(
                  "--dataset-path",
                  List.of(REFERENCE.resolve("expected/rerank_input.jsonl").toString())),
              Shard.ALL);
      Reranker reranker =
          Reranker.open(
              ModelPaths.of(REFERENCE.resolve("mistral").toString()),
              new PromptOptions("query: ", "document: ", 196, false),
              spark.sparkContext().hadoopConfiguration());
      Scoring scoring = new Scoring(reranker, Hardware.detect("cpu", Dtype.FLOAT32), 64, 512);
      PairCost cost = new PairCost(196, 1_000);
      PairNumbers numbers = PairNumbers.of(pairs, cost.estimate());
      ScoreCounters counters = new ScoreCounters(spark.sparkContext());
      List<Integer> threads =
          numbers
              .spread(4, new PairRows(reranker.prompt()))
              .mapPartitions(
                  new ScorePartition(
                      scoring,
                      cost,
                      counters,
                      new HadoopSettings(spark.sparkContext().hadoopConfiguration())))
              .mapPartitions(
                  rows -> {
                    rows.forEachRemaining(row -> {});
                    return List.of(JniUtils.getNumThreads()).iterator();
                  })
              .collect();

      assertThat(threads).containsExactly(cpus, cpus, cpus, cpus);
      assertThat(counters.pairs()).isEqualTo(numbers.pairCount());
      assertThat(
              counters
                  .work(
                      Optional.of(scoring.hardware()),
                      new RerankReport.Phases(0, 0),
                      new Disturbances(0, 0, 0))
                  .tasks())
          .isEqualTo(4);
    }
  }
}
