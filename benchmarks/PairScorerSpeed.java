import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;

import dev.rankspark.corpus.Shard;
import dev.rankspark.files.InputPaths;
import dev.rankspark.files.OutputFile.IfExists;
import dev.rankspark.model.Dtype;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.reranker.RecipeOptions;
import dev.rankspark.score.PairScorer;
import dev.rankspark.score.Rerank;
import dev.rankspark.score.RerankOptions;
import dev.rankspark.score.ScoreOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Pairs per second of PairScorer beside those of a rerank job, in turns, in one session with the model loaded:
 *
 * <pre>
 * java -Xmx4g $OPENS -cp "jobs/target/rankspark.jar:spark/target/spark/jars/*" benchmarks/PairScorerSpeed.java MODEL PAIRS.jsonl 20000 5
 * </pre>
 *
 * OPENS are the --add-opens of bin/rankspark. PAIRS.jsonl is rerank input; it is repeated, with other queries, up to the number of
 * pairs. Both read the same JSON lines; rerank writes its run, PairScorer's rows with all their columns go to Spark's noop sink.
 */
public final class PairScorerSpeed {
  private static final PromptOptions PROMPT = new PromptOptions("query: ", "document: ", 196, false);

  public static void main(String[] args) throws Exception {
    Path folder = Files.createTempDirectory("pair-scorer");
    try (SparkSession spark =
        SparkSession.builder()
            .master("local[" + Runtime.getRuntime().availableProcessors() + "]")
            .config("spark.ui.enabled", false)
            .config("spark.sql.shuffle.partitions", 8)
            .getOrCreate()) {
      spark.sparkContext().setLogLevel("ERROR");
      String input = input(spark, args[1], Integer.parseInt(args[2]), folder.resolve("pairs").toString());
      ScoreOptions options =
          new ScoreOptions(
              ModelPaths.of(args[0]),
              PROMPT,
              RecipeOptions.NONE,
              Optional.of(Dtype.FLOAT32),
              "cpu",
              ScoreOptions.DEFAULT_BATCH_ROWS,
              OptionalInt.empty(),
              OptionalInt.empty());
      List<Double> ratios = new ArrayList<>();
      for (int round = 0; round <= Integer.parseInt(args[3]); round++) {
        double job = rerank(spark, options, input, folder.resolve("run.txt").toString());
        double table = table(spark, options, input);
        System.out.printf(Locale.ROOT, "round %d: rerank %.1f s, PairScorer %.1f s, %.3f%n", round, job, table, job / table);
        if (round > 0) { // the first one loads the model
          ratios.add(job / table);
        }
      }
      ratios.sort(null);
      System.out.printf(
          Locale.ROOT, "PairScorer's pairs/s by rerank's: median %.3f (%.3f to %.3f)%n",
          ratios.get(ratios.size() / 2), ratios.get(0), ratios.get(ratios.size() - 1));
    }
  }

  private static String input(SparkSession spark, String file, int pairs, String output) {
    Dataset<Row> read = spark.read().json(file);
    Dataset<Row> all = read;
    long count = read.count();
    for (int copy = 1; copy * count < pairs; copy++) {
      all = all.unionByName(
          read.withColumn("query", concat(col("query"), lit(" " + copy)))
              .withColumn("query_id", concat(col("query_id"), lit("-" + copy))));
    }
    all.limit(pairs).coalesce(1).write().json(output);
    return output;
  }

  private static double rerank(SparkSession spark, ScoreOptions options, String input, String run) throws Exception {
    long start = System.nanoTime();
    Rerank.run(
        spark,
        new RerankOptions(
            InputPaths.of("--dataset-path", List.of(input)), Shard.ALL, Optional.empty(), options, Optional.of(run),
            Optional.empty(), RerankOptions.DEFAULT_RUN_TAG, IfExists.OVERWRITE, Optional.empty(), Optional.empty(),
            Optional.empty()));
    return (System.nanoTime() - start) / 1e9;
  }

  private static double table(SparkSession spark, ScoreOptions options, String input) {
    long start = System.nanoTime();
    PairScorer.of(options)
        .withColumns("query", "text")
        .withTitleColumn("title")
        .withScoreColumn("ours")
        .score(spark.read().json(input))
        .write()
        .format("noop")
        .mode("overwrite")
        .save();
    return (System.nanoTime() - start) / 1e9;
  }

  private PairScorerSpeed() {}
}
