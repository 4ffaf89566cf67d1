package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.rankspark.jobs.cluster.StandaloneCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The notebooks, each from its first cell to its last under PyPI's Sparks, on the demo's texts and
 * model: the scores are those of the command line. What they draw stays in {@code
 * jobs/target/notebooks}, to be looked at.
 */
@Tag("python")
@Tag("matrix")
class NotebooksIT {
  private static final Path PLOTS = PythonIT.HOME.resolve("jobs/target/notebooks");

  /** Of a float32 score, between one batch and another. */
  private static final double INVARIANCE = 2e-5;

  @TempDir private static Path folder;

  private static Path candidates;
  private static Path run;

  static Stream<String> sparks() {
    return SparksIT.sparks();
  }

  @BeforeAll
  static void rerankByTheCommandLine() throws Exception {
    candidates = folder.resolve("candidates.jsonl");
    run = folder.resolve("run.txt");
    succeeds(
        Cli.run(
            Cli.prepare(
                demo("queries.tsv"),
                demo("corpus.jsonl"),
                demo("run.trec"),
                candidates,
                "--depth",
                "20")));
    succeeds(
        Cli.run(
            "rerank",
            "--model-name-or-path",
            Cli.reference("demo/model"),
            "--dtype",
            "float32",
            "--dataset-path",
            candidates.toString(),
            "--rerank-output-path",
            run.toString(),
            "--query-prefix",
            "query: ",
            "--passage-prefix",
            "document: ",
            "--rerank-max-len",
            "196"));
    Files.createDirectories(PLOTS);
  }

  private static void succeeds(Cli.Result result) {
    assertThat(result.exitCode()).as(result.err()).isZero();
  }

  private static String demo(String name) {
    return Cli.reference("demo/data/" + name);
  }

  /** A notebook of this repository. */
  private static Path notebook(String name) {
    return PythonIT.HOME.resolve("notebooks").resolve(name);
  }

  /** What a notebook wrote is the command line's run. */
  private static void assertIsTheRun(Path table) throws Exception {
    Dataset<Row> pairs = spark().read().parquet(table.toString());
    Path written = table.resolveSibling(table.getFileName() + ".txt");
    Files.write(
        written,
        pairs
            .selectExpr("concat_ws('\t', qid, docid, score)")
            .as(org.apache.spark.sql.Encoders.STRING())
            .collectAsList());
    assertThat(Files.readAllLines(written)).hasSameSizeAs(Files.readAllLines(run));
    assertThat(Scores.read(written).largestDifference(Scores.read(run)))
        .isLessThanOrEqualTo(INVARIANCE);
  }

  private static SparkSession spark() {
    return Cli.startSpark();
  }

  @ParameterizedTest
  @MethodSource("sparks")
  void rerankARunAndPlotItsQueries(String name) throws Exception {
    Surface surface = Surface.of(name, folder.resolve("rerank"));
    Path output = surface.folder().resolve("reranked");
    Path plot = PLOTS.resolve("rerank-" + name + ".png");
    Files.deleteIfExists(plot);

    String said =
        surface.submit(
            "local[2]",
            Map.of(
                "RANKSPARK_MODEL",
                Cli.reference("demo/model"),
                "RANKSPARK_DTYPE",
                "float32",
                "RANKSPARK_QUERIES",
                demo("queries.tsv"),
                "RANKSPARK_CORPUS",
                demo("corpus.jsonl"),
                "RANKSPARK_RUN",
                demo("run.trec"),
                "RANKSPARK_QRELS",
                demo("qrels.txt"),
                "RANKSPARK_DEPTH",
                "20",
                "RANKSPARK_OUTPUT",
                output.toString(),
                "RANKSPARK_PLOT",
                plot.toString()),
            notebook("rerank.py"));

    assertThat(said).contains("before {'ndcg@10': 0.", "after {'ndcg@10': 0.");
    assertIsTheRun(output);
    assertThat(plot).isNotEmptyFile();
  }

  @ParameterizedTest
  @MethodSource("sparks")
  void rerankATableInSql(String name) throws Exception {
    Surface surface = Surface.of(name, folder.resolve("sql"));
    Path output = surface.folder().resolve("reranked");

    String said =
        surface.sql(
            notebook("rerank_table.sql"),
            "--hivevar",
            "model=" + Cli.reference("demo/model"),
            "--hivevar",
            "dtype=float32",
            "--hivevar",
            "candidates=" + candidates,
            "--hivevar",
            "qrels=" + demo("qrels.txt"),
            "--hivevar",
            "output=" + output);

    assertThat(said)
        .contains("RerankPairs rerank_score(")
        .containsPattern("\n0\\.\\d+\t0\\.\\d+\n");
    assertIsTheRun(output);
  }

  /** A shell of Scala goes on after an error: the last cell's line is there, and no other. */
  @ParameterizedTest
  @MethodSource("sparks")
  void scoreWhatIsNewEachNight(String name) throws Exception {
    Surface surface = Surface.of(name, folder.resolve("nightly"));
    Path store = surface.folder().resolve("store");
    Path table = folder.resolve("candidates of " + name);
    Dataset<Row> pairs =
        spark()
            .read()
            .json(candidates.toString())
            .selectExpr("query_id AS qid", "docid", "query", "title", "text AS passage");
    int all = (int) pairs.count();
    int texts = (int) pairs.select("query", "title", "passage").distinct().count();
    for (int night = 1; night <= 2; night++) {
      pairs.write().mode("overwrite").parquet(table.toString());
      String said =
          surface.shell(
              notebook("nightly.scala"),
              "--conf",
              "spark.nightly.model=" + Cli.reference("demo/model"),
              "--conf",
              "spark.nightly.candidates=parquet.`" + table + "`",
              "--conf",
              "spark.nightly.store=" + store,
              "--conf",
              "spark.nightly.output=night" + night,
              "--conf",
              "spark.nightly.dtype=float32",
              "--conf",
              "spark.nightly.device=cpu");
      int computed = night == 1 ? texts : 0;
      assertThat(said)
          .contains(
              "pairs %d; computed %d; of other nights and equal texts %d\n"
                  .formatted(all, computed, all - computed));
      assertIsTheRun(surface.folder().resolve("warehouse/night" + night));
    }
  }

  @ParameterizedTest
  @MethodSource("sparks")
  void trainAndWatchTheLoss(String name) throws Exception {
    Surface surface = Surface.of(name, folder.resolve("train"));
    Path output = surface.folder().resolve("trained");
    Path plot = PLOTS.resolve("train-" + name + ".png");
    Files.deleteIfExists(plot);
    String said;
    // On a local master the driver would not end: Spark's timer of barriers keeps its JVM.
    try (StandaloneCluster cluster =
        StandaloneCluster.start(surface.spark(), surface.folder(), 2, 1)) {
      said =
          surface.submit(
              cluster.url(),
              Map.of(
                  "RANKSPARK_MODEL",
                  Cli.reference("base"),
                  "RANKSPARK_DATASET",
                  TrainingFiles.write(surface.folder().resolve("train.jsonl")).toString(),
                  "RANKSPARK_GROUP_SIZE",
                  "4",
                  "RANKSPARK_LEARNING_RATE",
                  "1e-2",
                  "RANKSPARK_EPOCHS",
                  "10",
                  "RANKSPARK_BF16",
                  "false",
                  "RANKSPARK_WORKERS",
                  "2",
                  "RANKSPARK_OUTPUT",
                  output.toString(),
                  "RANKSPARK_PLOT",
                  plot.toString()),
              notebook("train.py"));
    }

    assertThat(said)
        .contains(TrainingFiles.ITEMS + " groups\n", "the adapter is in " + output + "/fit-")
        .containsPattern("\nndcg@10 0\\.\\d+\n");
    assertThat(output).isDirectoryRecursivelyContaining("glob:**/adapter_model.safetensors");
    assertThat(plot).isNotEmptyFile();
  }

  /** Such a session reaches no JVM; Databricks has such too. */
  @Test
  void aSessionOfSparkConnectGetsOneLine() throws Exception {
    assumeTrue(sparks().anyMatch(Surface.WITH_CONNECT::equals));
    Surface surface = Surface.of(Surface.WITH_CONNECT, folder.resolve("connect"));
    Map<String, String> settings =
        Map.of(
            "SPARK_REMOTE",
            "local[1]",
            "RANKSPARK_QUERIES",
            demo("queries.tsv"),
            "RANKSPARK_CORPUS",
            demo("corpus.jsonl"),
            "RANKSPARK_RUN",
            demo("run.trec"),
            "RANKSPARK_QRELS",
            demo("qrels.txt"),
            "RANKSPARK_DATASET",
            TrainingFiles.write(folder.resolve("train.jsonl")).toString());

    assertThat(surface.python(settings, notebook("rerank.py")).lastLine())
        .isEqualTo(
            "rankspark.session.RankSparkError: this Spark Connect server has no function"
                + " rerank_score: its administrator adds rankspark.jar to spark.jars and sets "
                + Surface.EXTENSIONS
                + " when the server starts");
    assertThat(surface.python(settings, notebook("train.py")).lastLine())
        .startsWith("rankspark.session.RankSparkError: this needs Spark's JVM, which a session of");
  }
}
