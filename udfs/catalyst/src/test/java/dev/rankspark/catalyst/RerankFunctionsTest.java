package dev.rankspark.catalyst;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rankspark.udfs.GradeFunction;
import dev.rankspark.udfs.RankSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code rerank_score} and {@code rerank_scores} by batches, by rows, and what is refused. */
class RerankFunctionsTest {
  private static final Path REFERENCE =
      Path.of("..", "..", "reference").toAbsolutePath().normalize();

  /** What another batching moves, in float32. */
  private static final float LAST_BITS = 2e-5f;

  private static SparkSession spark;
  private static final Map<String, Float> EXPECTED = new HashMap<>();

  @BeforeAll
  static void start() throws IOException {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.sql.shuffle.partitions", 3)
            .config("spark.sql.extensions", "dev.rankspark.udfs.RankSparkExtensions")
            .getOrCreate();
    set("modelNameOrPath", REFERENCE.resolve("adapter").toString());
    set("queryPrefix", "query: ");
    set("passagePrefix", "document: ");
    set("rerankMaxLen", "196");
    set("dtype", "float32");
    set("partitions", "4");
    spark
        .read()
        .json(REFERENCE.resolve("expected/rerank_input.jsonl").toString())
        .selectExpr("query_id AS qid", "docid", "query", "title", "text AS passage")
        .createOrReplaceTempView("pairs");
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

  private static void set(String option, String value) {
    spark.conf().set("spark.rankspark." + option, value);
  }

  private static String plan(Dataset<Row> table) {
    return table.queryExecution().executedPlan().toString();
  }

  private static void assertScores(Dataset<Row> scored, int rows) {
    List<Row> found = scored.collectAsList();
    assertThat(found).hasSize(rows);
    for (Row row : found) {
      String pair = row.getAs("qid") + " " + row.getAs("docid");
      assertThat(row.<Float>getAs("score")).as(pair).isCloseTo(EXPECTED.get(pair), within(1e-4f));
    }
  }

  private static int pairs() {
    return (int) spark.table("pairs").count();
  }

  @Test
  void aProjectionIsComputedByBatches() {
    Dataset<Row> scored =
        spark.sql("SELECT qid, docid, rerank_score(query, passage, title) AS score FROM pairs");
    assertThat(plan(scored)).contains("RerankPairs rerank_score(query");
    assertScores(scored, pairs());
  }

  @Test
  void aFilterIsToo() {
    Dataset<Row> scored =
        spark.sql(
            "SELECT qid, docid, rerank_score(query, passage, title) AS score FROM pairs"
                + " WHERE rerank_score(query, passage, title) > 0 AND length(passage) > 20");
    String plan = plan(scored);
    assertThat(plan.split("RerankPairs rerank_score", -1)).as(plan).hasSize(2); // once
    assertThat(plan.indexOf("length(")).as(plan).isGreaterThan(plan.indexOf("RerankPairs"));
    List<Row> rows = scored.collectAsList();
    assertThat(rows).isNotEmpty().allMatch(row -> row.<Float>getAs("score") > 0);
    assertScores(scored, rows.size());
  }

  @Test
  void soAreAnOrderAnAggregateAndAWindow() {
    List<Row> first =
        spark
            .sql(
                "SELECT qid, docid, rerank_score(query, passage, title) AS score FROM pairs"
                    + " ORDER BY rerank_score(query, passage, title) DESC LIMIT 3")
            .collectAsList();
    List<Float> best = EXPECTED.values().stream().sorted((a, b) -> Float.compare(b, a)).toList();
    for (int i = 0; i < 3; i++) {
      assertThat(first.get(i).<Float>getAs("score")).isCloseTo(best.get(i), within(1e-4f));
    }

    Dataset<Row> highest =
        spark.sql(
            "SELECT qid, max(rerank_score(query, passage, title)) AS score FROM pairs GROUP BY qid");
    assertThat(plan(highest)).contains("RerankPairs rerank_score(");
    for (Row row : highest.collectAsList()) {
      float expected =
          EXPECTED.entrySet().stream()
              .filter(entry -> entry.getKey().startsWith(row.getAs("qid") + " "))
              .map(Map.Entry::getValue)
              .max(Float::compare)
              .orElseThrow();
      assertThat(row.<Float>getAs("score")).isCloseTo(expected, within(1e-4f));
    }

    Dataset<Row> ranked =
        spark.sql(
            "SELECT qid, docid, rerank_score(query, passage, title) AS score, row_number() OVER"
                + " (PARTITION BY qid ORDER BY rerank_score(query, passage, title) DESC) AS rank"
                + " FROM pairs");
    assertThat(plan(ranked).split("RerankPairs rerank_score", -1)).hasSize(2);
    assertScores(ranked, pairs());
  }

  @Test
  void aJoinsConditionIsComputedRowByRow() {
    Dataset<Row> joined =
        spark.sql(
            "SELECT q.qid, p.docid, rerank_score(q.query, p.passage, p.title) AS score"
                + " FROM (SELECT DISTINCT qid, query FROM pairs) q JOIN pairs p ON q.qid = p.qid"
                + " AND rerank_score(q.query, p.passage, p.title) > 0");
    List<Row> rows = joined.collectAsList();
    assertThat(rows).hasSize((int) EXPECTED.values().stream().filter(s -> s > 0).count());
    assertScores(joined, rows.size());
  }

  @Test
  void soIsALambda() {
    Dataset<Row> lambda =
        spark.sql(
            "SELECT p.qid, p.docid, transform(array(passage), x -> rerank_score(query, x, title))[0]"
                + " AS score FROM pairs p LIMIT 3");
    assertThat(plan(lambda)).doesNotContain("RerankPairs");
    assertScores(lambda, 3);
  }

  @Test
  void whatAGroupHasInTheEndIsComputedByBatches() {
    Dataset<Row> scored =
        spark.sql(
            "SELECT qid, concat(qid, '!') AS other, count(*) AS n, first(docid) AS docid,"
                + " rerank_score(first(query), first(passage), first(title)) + 0 * max(length(qid))"
                + " AS score FROM (SELECT * FROM pairs ORDER BY docid) GROUP BY qid");
    assertThat(plan(scored)).contains("RerankPairs rerank_score(");
    assertThat(scored.columns()).containsExactly("qid", "other", "n", "docid", "score");
    assertScores(scored, (int) spark.table("pairs").select("qid").distinct().count());
  }

  @Test
  void literalsAreNotComputedOnTheDriver() {
    Dataset<Row> scored =
        spark.sql("SELECT rerank_score('what is a river', 'Water that flows to the sea.') AS s");
    assertThat(plan(scored)).contains("RerankPairs");
    float score = scored.collectAsList().get(0).getFloat(0);
    Dataset<Row> table =
        spark.sql(
            "SELECT rerank_score(q, p) AS s FROM VALUES"
                + " ('what is a river', 'Water that flows to the sea.'), (NULL, 'x'), ('x', NULL)"
                + " AS t(q, p)");
    assertThat(plan(table)).contains("RerankPairs");
    assertThat(table.collectAsList().stream().map(row -> row.isNullAt(0) ? null : row.getFloat(0)))
        .hasSize(3)
        .filteredOn(found -> found != null)
        .singleElement()
        .satisfies(found -> assertThat(found).isCloseTo(score, within(LAST_BITS)));
  }

  @Test
  void firstRowsAreTheOnlyOnesThatAreScored() {
    Dataset<Row> scored =
        spark.sql(
            "SELECT qid, docid, rerank_score(query, passage, title) AS score FROM pairs LIMIT 2");
    String plan = plan(scored);
    assertThat(plan.indexOf("Limit")).as(plan).isGreaterThan(plan.indexOf("RerankPairs"));
    assertScores(scored, 2);
  }

  @Test
  void rowsThatHaveAnOrderKeepIt() {
    List<Row> rows =
        spark
            .table("pairs")
            .orderBy("docid")
            .selectExpr("docid", "rerank_score(query, passage, title) AS score")
            .collectAsList();
    assertThat(rows.stream().map(row -> row.<String>getAs("docid"))).isSorted();
  }

  @Test
  void anArrayOfPassagesHasAnArrayOfScores() {
    Dataset<Row> groups =
        spark.sql(
            "SELECT qid, docids, rerank_scores(query, passages, titles) AS scores FROM (SELECT qid,"
                + " first(query) AS query, collect_list(docid) AS docids, collect_list(passage) AS"
                + " passages, collect_list(title) AS titles FROM pairs GROUP BY qid)");
    assertThat(plan(groups)).contains("RerankPairs rerank_scores(");
    int pairs = 0;
    for (Row row : groups.collectAsList()) {
      List<String> docids = row.getList(1);
      List<Float> scores = row.getList(2);
      assertThat(scores).hasSameSizeAs(docids);
      for (int i = 0; i < docids.size(); i++, pairs++) {
        assertThat(scores.get(i))
            .isCloseTo(EXPECTED.get(row.getString(0) + " " + docids.get(i)), within(1e-4f));
      }
    }
    assertThat(pairs).isEqualTo(pairs());

    Row nulls =
        spark
            .sql(
                "SELECT rerank_scores('a', array('b', NULL)), rerank_scores(NULL, array('b')),"
                    + " rerank_scores('a', CAST(NULL AS ARRAY<STRING>)), rerank_scores('a', array())")
            .head();
    assertThat(nulls.<Float>getList(0)).hasSize(2).element(1).isNull();
    assertThat(nulls.isNullAt(1)).isTrue();
    assertThat(nulls.isNullAt(2)).isTrue();
    assertThat(nulls.getList(3)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"true,true,true", "false,true,false", "true,false,true", "false,false,false"})
  void whateverTheSessionIsSetTo(boolean adaptive, boolean codegen, boolean ansi) {
    Map<String, String> settings =
        Map.of(
            "spark.sql.adaptive.enabled",
            "" + adaptive,
            "spark.sql.codegen.wholeStage",
            "" + codegen,
            "spark.sql.codegen.factoryMode",
            codegen ? "FALLBACK" : "NO_CODEGEN",
            "spark.sql.ansi.enabled",
            "" + ansi);
    settings.forEach((name, value) -> spark.conf().set(name, value));
    try {
      aProjectionIsComputedByBatches();
      aJoinsConditionIsComputedRowByRow();
    } finally {
      settings.keySet().forEach(spark.conf()::unset);
    }
  }

  @Test
  void aNamedModelHasSettingsOfItsOwn() {
    RankSpark.model(
        spark,
        "short",
        Map.of(
            "modelNameOrPath",
            REFERENCE.resolve("adapter").toString(),
            "rerankMaxLen",
            "8",
            "dtype",
            "float32"));
    Row row =
        spark
            .sql(
                "SELECT rerank_score('what is a river', 'Water flows, all of it, down to the sea'),"
                    + " rerank_score('what is a river', 'Water flows, all of it, down to the sea',"
                    + " NULL, 'short')")
            .head();
    assertThat(row.getFloat(0)).isNotCloseTo(row.getFloat(1), within(1e-3f));
    assertThatThrownBy(() -> RankSpark.model(spark, "other", Map.of("rerankMaxLength", "8")))
        .hasMessageContaining("spark.rankspark.other.rerankMaxLength is no setting of a reranker");
    assertThatThrownBy(() -> spark.sql("SELECT rerank_score('a', 'b', NULL, 'none')"))
        .hasMessageContaining("spark.rankspark.none.modelNameOrPath is not set");
  }

  @Test
  void aModelsPromptAndWordsAreSettings() {
    Map<String, String> words = new HashMap<>();
    words.put("modelNameOrPath", REFERENCE.resolve("base").toString());
    words.put("prompt", "qwen3-reranker");
    words.put("trueToken", "a");
    words.put("falseToken", "the");
    words.put("dtype", "float32");
    RankSpark.model(spark, "words", words);
    words.put("score", "published");
    RankSpark.model(spark, "published", words);
    words.put("instruction", "Be kind");
    RankSpark.model(spark, "kind", words);
    Row row =
        spark
            .sql(
                "SELECT rerank_score('a river', 'It flows', NULL, 'words'), rerank_score('a river',"
                    + " 'It flows', NULL, 'published'), rerank_score('a river', 'It flows', NULL,"
                    + " 'kind')")
            .head();
    double published = 1 / (1 + Math.exp(-row.getFloat(0)));
    assertThat((double) row.getFloat(1)).isCloseTo(published, within(1e-5));
    assertThat(row.getFloat(2)).isNotCloseTo(row.getFloat(1), within(1e-6f));
    words.put("prompt", "qwen");
    assertThatThrownBy(() -> RankSpark.model(spark, "wrong", words))
        .hasMessageContaining("--prompt: expected one of tevatron, qwen3-reranker, mxbai");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "rerank_score('a') | expected 2 to 4 arguments, got 1",
        "rerank_score(1, 'b') | expected a string as query, got 1, which is int",
        "rerank_score('a', array('b')) | expected a string as passage",
        "rerank_scores('a', 'b') | expected an array of strings as passages, got",
        "rerank_score('a', nothing) | `nothing`",
      })
  void aWrongCallIsRefused(String call, String said) {
    assertThatThrownBy(() -> spark.sql("SELECT " + call + " FROM pairs"))
        .hasMessageContaining(said);
  }

  @Test
  void theFunctionsTellTheirUse() {
    for (String function :
        List.of("rerank_score", "rerank_scores", "ndcg", "mrr", "average_precision", "recall")) {
      List<String> lines =
          spark.sql("DESCRIBE FUNCTION EXTENDED " + function).collectAsList().stream()
              .map(row -> row.getString(0))
              .toList();
      assertThat(String.join("\n", lines))
          .contains("Usage: " + function + "(", "Arguments:", "Examples:", "Since: 0.1.0");
    }
  }

  @ParameterizedTest
  @EnumSource
  void theExamplesThatAreToldAreTrue(GradeFunction function) {
    String[] lines = function.words().examples().strip().split("\n");
    String query = lines[1].strip().replaceFirst("> (.*);", "$1");
    assertThat(spark.sql(query.replace("_FUNC_", function.sqlName())).head().getDouble(0))
        .isCloseTo(Double.parseDouble(lines[2].strip()), within(5e-5));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ndcg(array(0, 3, 1), 10) | 0.6590",
        "ndcg(array(0, 3, 1), 1) | 0.0",
        "ndcg(array(3), 10, array(3, 3)) | 0.6131",
        "mrr(array(0, 3, 1)) | 0.5",
        "mrr(array(0, 3, 1), 1) | 0.0",
        "average_precision(array(0, 3, 1)) | 0.5833",
        "average_precision(array(1), array(1, 2)) | 0.5",
        "recall(array(0, 3, 1), 2) | 0.5",
        "recall(array(1, NULL), 2, array(1, 1)) | 0.5",
        "recall(array(1L, 0L), 2S) | 1.0",
        "ndcg(array(), 10) | 0.0",
      })
  void listsOfGradesAreMeasuredAsTrecEvalDoes(String call, double expected) {
    assertThat(spark.sql("SELECT " + call).head().getDouble(0)).isCloseTo(expected, within(5e-5));
  }

  @Test
  void noGradesHaveNoMeasure() {
    assertThat(spark.sql("SELECT ndcg(NULL, 10), mrr(CAST(NULL AS ARRAY<INT>))").head().anyNull())
        .isTrue();
    assertThatThrownBy(() -> spark.sql("SELECT ndcg(array(1), 0)").head())
        .hasMessage("ndcg: expected k of at least 1, got 0");
  }
}
