package dev.rankspark.udfs.ml;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.collection.JavaConverters;

/** The stages of spark.ml: scores, ranks, measures and trainings as the commands give them. */
class StagesTest {
  private static final Path REFERENCE = Path.of("..", "reference").toAbsolutePath().normalize();

  private static SparkSession spark;
  private static Dataset<Row> pairs;
  private static final Map<String, Float> EXPECTED = new HashMap<>();

  @TempDir private Path folder;

  @BeforeAll
  static void start() throws IOException {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.sql.shuffle.partitions", 3)
            .getOrCreate();
    pairs =
        spark
            .read()
            .json(REFERENCE.resolve("expected/rerank_input.jsonl").toString())
            .selectExpr("query_id AS qid", "docid", "query", "title", "text AS passage");
    try (Stream<String> lines = Files.lines(REFERENCE.resolve("expected/adapter.txt"))) {
      lines
          .map(line -> line.split("\\s+"))
          .forEach(words -> EXPECTED.put(words[0] + " " + words[1], Float.parseFloat(words[2])));
    }
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static RankLlamaReranker reranker() {
    return new RankLlamaReranker()
        .setModelUrl(REFERENCE.resolve("adapter").toString())
        .setQueryPrefix("query: ")
        .setPassagePrefix("document: ")
        .setRerankMaxLen(196)
        .setDtype("float32")
        .setPartitions(4)
        .setInputCols(new String[] {"query", "passage", "title"})
        .setOutputCol("score");
  }

  private static Dataset<Row> groups() {
    return pairs
        .groupBy("qid", "query")
        .agg(
            collect_list("docid").as("docids"),
            collect_list("passage").as("passages"),
            collect_list("title").as("titles"));
  }

  private static void assertScores(Dataset<Row> scored) {
    List<Row> rows = scored.collectAsList();
    assertThat(rows).hasSize((int) pairs.count());
    for (Row row : rows) {
      String pair = row.getAs("qid") + " " + row.getAs("docid");
      assertThat(row.<Float>getAs("score")).as(pair).isCloseTo(EXPECTED.get(pair), within(1e-4f));
    }
  }

  @Test
  void rowsOfPairsHaveTheReferencesScoresAndRanks() {
    Dataset<Row> scored = reranker().setRankCol("rank").transform(pairs);
    assertScores(scored);
    scored.createOrReplaceTempView("scored");
    assertThat(
            spark
                .sql(
                    "SELECT * FROM scored a JOIN scored b ON a.query = b.query AND a.rank < b.rank"
                        + " WHERE a.score < b.score")
                .count())
        .isZero();
    assertThat(scored.where("rank = 1").count())
        .isEqualTo(pairs.select("query").distinct().count());
  }

  @Test
  void rowsOfGroupsHaveArraysOfThem() {
    List<Row> rows =
        reranker()
            .setInputCols(new String[] {"query", "passages", "titles"})
            .setRankCol("ranks")
            .transform(groups())
            .collectAsList();
    int scored = 0;
    for (Row row : rows) {
      List<String> docids = row.getList(row.fieldIndex("docids"));
      List<Float> scores = row.getList(row.fieldIndex("score"));
      List<Integer> ranks = row.getList(row.fieldIndex("ranks"));
      for (int i = 0; i < docids.size(); i++, scored++) {
        String pair = row.getAs("qid") + " " + docids.get(i);
        assertThat(scores.get(i)).as(pair).isCloseTo(EXPECTED.get(pair), within(1e-4f));
        for (int j = 0; j < docids.size(); j++) {
          assertThat(scores.get(i) > scores.get(j))
              .isEqualTo(ranks.get(i) < ranks.get(j) && !scores.get(i).equals(scores.get(j)));
        }
      }
    }
    assertThat(scored).isEqualTo((int) pairs.count());
  }

  @Test
  void aPipelineOfItIsSavedAndReadAgain() throws Exception {
    PipelineModel pipeline = new Pipeline().setStages(new PipelineStage[] {reranker()}).fit(pairs);
    pipeline.write().save(folder.resolve("pipeline").toString());
    PipelineModel again = PipelineModel.load(folder.resolve("pipeline").toString());
    assertScores(again.transform(pairs));

    RankLlamaReranker stage = (RankLlamaReranker) again.stages()[0];
    assertThat(stage.getOrDefault(stage.queryPrefix())).isEqualTo("query: ");
    RankLlamaReranker copy = stage.copy(ParamMap.empty().put(stage.outputCol(), "relevance"));
    assertThat(copy.transformSchema(pairs.schema()).fieldNames()).endsWith("relevance");
    assertThat(stage.explainParams()).contains("rerankMaxLen: tokens at which a text is cut");
  }

  /** A prefix that another model was set up with would change scores without a word. */
  @Test
  void aStageThatNamesItsModelTakesNothingFromTheSessionAndSaysSoOnce() {
    RankLlamaReranker stage = reranker();
    settings("modelNameOrPath", "nowhere", "passagePrefix", "passage: ", "dtype", "float32");
    try (Warnings warnings = Warnings.of(RankLlamaReranker.class)) {
      assertScores(stage.transform(pairs));
      assertScores(stage.transform(pairs));
      assertThat(warnings.said())
          .containsExactly(
              stage.uid()
                  + ": params win over the session's settings; not used:"
                  + " spark.rankspark.modelNameOrPath, spark.rankspark.passagePrefix");
    }
  }

  @Test
  void aStageWithoutAModelHasTheSessionsAndItsParamsWin() {
    RankLlamaReranker stage = reranker();
    stage.clear(stage.modelUrl()).clear(stage.passagePrefix());
    settings(
        "modelNameOrPath",
        REFERENCE.resolve("adapter").toString(),
        "passagePrefix",
        "document: ",
        "rerankMaxLen",
        "7");
    try (Warnings warnings = Warnings.of(RankLlamaReranker.class)) {
      assertScores(stage.transform(pairs));
      assertThat(warnings.said())
          .containsExactly(
              stage.uid()
                  + ": params win over the session's settings; not used:"
                  + " spark.rankspark.rerankMaxLen");
    }
  }

  /** The base's head are two of its words; 512 tokens are Tevatron's, not a published prompt's. */
  @Test
  void promptAndWordsAreParamsToo() throws IOException {
    RankLlamaReranker words =
        new RankLlamaReranker()
            .setModelUrl(REFERENCE.resolve("base").toString())
            .setPrompt("tevatron")
            .setTrueToken("a")
            .setFalseToken("the")
            .setDtype("float32");
    RankLlamaReranker turned = words.copy(ParamMap.empty());
    turned.setTrueToken("the").setFalseToken("a");
    Dataset<Row> both = turned.setOutputCol("turned").transform(words.transform(pairs));
    List<Row> rows = both.collectAsList();
    assertThat(rows).hasSize((int) pairs.count());
    for (Row row : rows) {
      assertThat(row.<Float>getAs("turned")).isCloseTo(-row.<Float>getAs("score"), within(1e-4f));
    }
    assertThat(rows).anyMatch(row -> Math.abs(row.<Float>getAs("score")) > 1e-3);

    Path known = Files.createDirectory(folder.resolve("Qwen3-Reranker-0.6B"));
    for (String name : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      Files.copy(REFERENCE.resolve("base").resolve(name), known.resolve(name));
    }
    Files.copy(
        REFERENCE.resolve("base/tokenizer_config.json"), known.resolve("tokenizer_config.json"));
    words.setModelUrl(known.toString()).clear(words.prompt());
    List<Float> raw = scores(words);
    assertThat(scores(words.setRerankMaxLen(2_048))).isEqualTo(raw);
    assertThat(scores(words.setRerankMaxLen(512))).isNotEqualTo(raw);
    List<Float> published = scores(words.setScore("published").setRerankMaxLen(2_048));
    for (int i = 0; i < raw.size(); i++) {
      assertThat(published.get(i))
          .isCloseTo((float) (1 / (1 + Math.exp(-raw.get(i)))), within(1e-5f));
    }
    assertThat(scores(words.setInstruction("Be kind").setScore("raw"))).isNotEqualTo(raw);

    assertThatThrownBy(() -> words.setPrompt("qwen3").transform(pairs))
        .isInstanceOf(OptionException.class)
        .hasMessageStartingWith("--prompt: expected one of tevatron, qwen3-reranker,");
    assertThatThrownBy(() -> words.setPrompt("zerank-1").setScore("best").transform(pairs))
        .hasMessage("--score: expected raw or published, got best");
    assertThat(words.explainParams())
        .contains("rerankMaxLen: tokens at which a text is cut; unset, 512, or as many as")
        .contains(
            "score: raw, or published: with the publisher's sigmoid and scaling (default: raw");
  }

  private static List<Float> scores(RankLlamaReranker stage) {
    return stage.transform(pairs).orderBy("qid", "docid").select("score").collectAsList().stream()
        .map(row -> row.getFloat(0))
        .toList();
  }

  private static void settings(String... optionsAndValues) {
    for (int i = 0; i < optionsAndValues.length; i += 2) {
      spark.conf().set("spark.rankspark." + optionsAndValues[i], optionsAndValues[i + 1]);
    }
  }

  @AfterEach
  void forgetSettings() {
    JavaConverters.mapAsJavaMap(spark.conf().getAll()).keySet().stream()
        .filter(setting -> setting.startsWith("spark.rankspark."))
        .forEach(setting -> spark.conf().unset(setting));
  }

  @Test
  void whatIsWrongIsNamed() {
    assertThatThrownBy(() -> reranker().transform(pairs.drop("passage")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("the table has no column \"passage\", its columns are: [qid string");
    assertThatThrownBy(
            () -> reranker().transform(pairs.withColumn("query", lit(1)))) // of another type
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "column \"query\": expected string, got int; the table's columns are");
    assertThatThrownBy(() -> new RankLlamaReranker().transform(pairs))
        .isInstanceOf(OptionException.class)
        .hasMessage(
            "spark.rankspark.modelNameOrPath is not set, nor the modelUrl of a stage: the directory"
                + " of a reranker or its name at the hub");
    assertThatThrownBy(() -> reranker().setInputCols(new String[] {"query"}).transform(pairs))
        .hasMessageContaining("inputCols: expected the query's, the passage's");
    assertThatThrownBy(() -> reranker().setEngine("MXNet").transform(pairs))
        .hasMessageContaining("engine: expected PyTorch, got \"MXNet\"");
    assertThatThrownBy(() -> reranker().setDtype("float8").transform(pairs))
        .isInstanceOf(OptionException.class);
  }

  @Test
  void aListIsMeasuredAsTrecEvalDoes() {
    Dataset<Row> lists =
        spark.sql(
            "SELECT * FROM VALUES (array(0.1f, 0.9f, 0.5f), array(3, 0, 1)), (array(1f, NULL),"
                + " array(1, NULL)) AS t(score, grade)");
    RankedListEvaluator evaluator = new RankedListEvaluator();
    assertThat(evaluator.setMetricName("mrr").evaluate(lists)).isCloseTo(0.75, within(1e-9));
    assertThat(evaluator.setMetricName("mrr@1").evaluate(lists)).isCloseTo(0.5, within(1e-9));
    assertThat(evaluator.setMetricName("recall@2").evaluate(lists)).isCloseTo(0.75, within(1e-9));
    Dataset<Row> rows =
        lists
            .withColumn("query", col("score").cast("string"))
            .selectExpr("query", "inline(arrays_zip(score, grade))");
    for (String metric : List.of("ndcg@10", "ndcg@1", "map", "mrr")) {
      assertThat(evaluator.setMetricName(metric).evaluate(rows))
          .as(metric)
          .isEqualTo(evaluator.evaluate(lists));
    }
    assertThatThrownBy(() -> evaluator.setMetricName("ndcg@0").evaluate(rows))
        .hasMessageContaining("metricName: expected ndcg@K");
    assertThatThrownBy(() -> evaluator.setMetricName("map").setGradeCol("g").evaluate(rows))
        .hasMessageContaining("gradeCol: the table has no column \"g\"");
  }

  @Test
  void anEstimatorIsChosenByCrossValidation() {
    Dataset<Row> groups =
        groups()
            .withColumn("positives", array(col("passages").getItem(0)))
            .withColumn("negatives", col("passages"))
            .selectExpr(
                "query",
                "positives",
                "slice(negatives, 2, 100) AS negatives",
                "passages",
                "transform(passages, (p, i) -> IF(i = 0, 1, 0)) AS grade")
            .where("size(negatives) > 0");
    RankLlamaTrainer trainer =
        new RankLlamaTrainer()
            .setModelUrl(REFERENCE.resolve("base").toString())
            .setLora(true)
            .setTrainGroupSize(2)
            .setPerDeviceTrainBatchSize(2)
            .setRerankMaxLen(64)
            .setMaxSteps(2)
            .setDevice("cpu")
            .setOutputDir(folder.resolve("trainings").toString());
    CrossValidator validator =
        new CrossValidator()
            .setEstimator(trainer)
            .setEvaluator(new RankedListEvaluator().setMetricName("ndcg@10"))
            .setEstimatorParamMaps(
                new ParamGridBuilder()
                    .addGrid(trainer.learningRate(), new double[] {1e-4, 1e-3})
                    .build())
            .setNumFolds(2)
            .setSeed(26);
    CrossValidatorModel chosen = validator.fit(groups);
    assertThat(chosen.avgMetrics()).hasSize(2).doesNotContain(Double.NaN);
    assertThat(folder.resolve("trainings")).isDirectoryContaining("glob:**fit-*");
    RankLlamaReranker best = (RankLlamaReranker) chosen.bestModel();
    assertThat(best.transform(groups).where("size(score) <> size(passages)").count()).isZero();
    assertThatThrownBy(() -> trainer.fit(groups.drop("negatives")))
        .hasMessageContaining("negativesCol: the table has no column \"negatives\"");
  }
}
