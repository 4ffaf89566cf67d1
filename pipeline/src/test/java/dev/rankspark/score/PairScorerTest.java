package dev.rankspark.score;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.corpus.Pairs;
import dev.rankspark.corpus.RerankInput;
import dev.rankspark.corpus.Shard;
import dev.rankspark.files.InputPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables of pairs in, the same rows with their scores out, as a rerank job scores them. */
class PairScorerTest {
  private static final Path REFERENCE = Path.of("..", "reference").toAbsolutePath().normalize();

  private static SparkSession spark;
  private static Dataset<Row> pairs;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.sql.shuffle.partitions", 3)
            .getOrCreate();
    pairs =
        RerankInput.read(
                spark,
                InputPaths.of(
                    "--dataset-path",
                    List.of(REFERENCE.resolve("expected/rerank_input.jsonl").toString())),
                Shard.ALL)
            .drop(Pairs.FIRST_SCORE);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static PairScorer scorer() {
    return PairScorer.of(REFERENCE.resolve("adapter").toString(), "query: ", "document: ", 196)
        .withColumns(Pairs.QUERY, Pairs.TEXT)
        .withTitleColumn(Pairs.TITLE)
        .withDtype("float32")
        .withPartitions(4);
  }

  @Test
  void theRowsHaveTheReferencesScoresAndKeepTheirOtherColumns() throws IOException {
    Map<String, Float> expected = new HashMap<>();
    try (Stream<String> lines = Files.lines(REFERENCE.resolve("expected/adapter.txt"))) {
      lines
          .map(line -> line.split("\\s+"))
          .forEach(words -> expected.put(words[0] + " " + words[1], Float.parseFloat(words[2])));
    }
    Dataset<Row> scored = scorer().score(pairs.withColumn("ours", col(Pairs.POSITION).multiply(2)));
    assertThat(scored.schema().fieldNames())
        .containsExactly(
            Pairs.POSITION,
            Pairs.QID,
            Pairs.QUERY,
            Pairs.DOCID,
            Pairs.TITLE,
            Pairs.TEXT,
            Pairs.QUERY_POSITION,
            "ours",
            "score");
    List<Row> rows = scored.collectAsList();
    assertThat(rows).hasSize((int) pairs.count());
    for (Row row : rows) {
      String pair = row.getAs(Pairs.QID) + " " + row.getAs(Pairs.DOCID);
      assertThat(row.<Float>getAs("score")).as(pair).isCloseTo(expected.get(pair), within(1e-4f));
      assertThat(row.<Long>getAs("ours")).isEqualTo(2 * row.<Long>getAs(Pairs.POSITION));
    }
    assertThat(rows.stream().map(row -> row.<Long>getAs(Pairs.POSITION))).doesNotHaveDuplicates();
  }

  @Test
  void nothingRunsBeforeAnActionAndTheTableIsReadOnce() {
    AtomicInteger jobs = new AtomicInteger();
    SparkListener listener =
        new SparkListener() {
          @Override
          public void onJobStart(SparkListenerJobStart job) {
            jobs.incrementAndGet();
          }
        };
    spark.sparkContext().addSparkListener(listener);
    try {
      var read = spark.sparkContext().longAccumulator("rows read");
      Dataset<Row> counted =
          pairs.map(
              (org.apache.spark.api.java.function.MapFunction<Row, Row>)
                  row -> {
                    read.add(1);
                    return row;
                  },
              org.apache.spark.sql.Encoders.row(pairs.schema()));
      Dataset<Row> scored = scorer().score(counted).where(col("score").isNotNull());
      String plan = scored.queryExecution().executedPlan().toString();
      assertThat(plan.split("Scan ", -1)).as(plan).hasSize(2);
      assertThat(jobs).hasValue(0);
      assertThat(read.value()).isZero();

      long rows = scored.collectAsList().size();
      assertThat(read.value()).isEqualTo(rows);
    } finally {
      spark.sparkContext().removeSparkListener(listener);
    }
  }

  @Test
  void aRowWithoutAQueryOrAPassageHasNoScore() {
    Dataset<Row> rows =
        spark.sql(
            "SELECT * FROM VALUES (1, 'a river', 'water'), (2, NULL, 'water'), (3, 'a river', NULL),"
                + " (4, NULL, NULL), (5, '', '') AS t(id, query, text)");
    Map<Integer, Float> scores = new HashMap<>();
    scorer()
        .withColumns("query", "text")
        .withTitleColumn("title")
        .score(rows.withColumn("title", lit(null).cast("string")))
        .collectAsList()
        .forEach(row -> scores.put(row.getInt(0), row.getAs("score")));
    assertThat(scores.get(1)).isFinite();
    assertThat(scores.get(5)).isFinite();
    assertThat(scores).containsEntry(2, null).containsEntry(3, null).containsEntry(4, null);

    assertThat(
            scorer()
                .score(pairs.withColumn(Pairs.TEXT, lit(null).cast("string")))
                .where(col("score").isNull())
                .count())
        .isEqualTo(pairs.count());
  }

  private static List<String> rows(Dataset<Row> scored) {
    return scored.collectAsList().stream().map(Row::toString).sorted().toList();
  }

  /** Each task that scored something has committed one file. */
  private static long commits(Path store) throws IOException {
    try (Stream<Path> files = Files.walk(store)) {
      return files.filter(file -> file.toString().endsWith(".parquet")).count();
    }
  }

  @Test
  void aStoreGivesTheScoresThatItHasAndKeepsNewOnes(@TempDir Path folder) throws IOException {
    Path store = folder.resolve("store");
    PairScorer scorer = scorer().withDevice("cpu").withScoreStore(store.toString());
    List<Row> some = pairs.select(Pairs.POSITION).takeAsList(2);
    Dataset<Row> table =
        pairs.withColumn(
            Pairs.QUERY,
            when(col(Pairs.POSITION).equalTo(some.get(0).getLong(0)), lit(null))
                .otherwise(col(Pairs.QUERY)));
    List<String> first = rows(scorer.score(table));
    assertThat(first).isEqualTo(rows(scorer().score(table)));
    long commits = commits(store);
    assertThat(commits).isBetween(1L, 4L);

    List<String> second = rows(scorer.score(table));

    assertThat(second).isEqualTo(first);
    assertThat(commits(store)).isEqualTo(commits);

    Dataset<Row> changed =
        table.withColumn(
            Pairs.TEXT,
            when(col(Pairs.POSITION).equalTo(some.get(1).getLong(0)), lit("now another"))
                .otherwise(col(Pairs.TEXT)));
    List<String> third = new java.util.ArrayList<>(rows(scorer.score(changed)));
    assertThat(third).hasSameSizeAs(first);
    third.removeAll(first);
    assertThat(third).as("what differs").hasSize(1).first().asString().contains("now another");
    assertThat(commits(store)).isEqualTo(commits + 1);

    rows(scorer.withDtype("bfloat16").score(table));
    assertThat(commits(store)).isGreaterThan(commits + 1);
  }

  @Test
  void aStoreNeedsADtypeAndADevice() {
    assertThatThrownBy(() -> scorer().withScoreStore("store").score(pairs))
        .isInstanceOf(OptionException.class)
        .hasMessageStartingWith("withScoreStore needs withDtype and withDevice");
  }

  @Test
  void whatTheTableLacksOrHasAlreadyIsNamed() {
    assertRefused(
        scorer().withColumns("question", "text"),
        pairs,
        "the table has no column \"question\", its columns are: [position bigint, query_id string,");
    assertRefused(
        scorer().withTitleColumn("position"),
        pairs,
        "column \"position\": expected string, got bigint");
    assertRefused(
        scorer().withScoreColumn("Text"),
        pairs,
        "the table has a column \"Text\" already, where the scores would go");
    assertRefused(
        PairScorer.of("/no/such/model", "query: ", "document: ", 196)
            .withColumns(Pairs.QUERY, Pairs.TEXT),
        pairs,
        "/no/such/model does not exist");
  }

  private static void assertRefused(PairScorer scorer, Dataset<Row> table, String message) {
    assertThatThrownBy(() -> scorer.score(table))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void aModelThatChangesBeforeTheActionIsAnErrorOfTheAction(@TempDir Path model)
      throws IOException {
    try (Stream<Path> files = Files.list(REFERENCE.resolve("mistral"))) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
    Dataset<Row> scored =
        PairScorer.of(model.toString(), "query: ", "document: ", 196)
            .withColumns(Pairs.QUERY, Pairs.TEXT)
            .score(pairs);
    Path weights = model.resolve("model-00001-of-00002.safetensors");
    Files.setLastModifiedTime(weights, FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
    assertThatThrownBy(scored::collectAsList)
        .rootCause()
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(weights + " changed while the job ran (");
  }

  @Test
  void anEmptyTableIsAnEmptyTable() {
    assertThat(scorer().score(pairs.where("false")).collectAsList()).isEmpty();
  }
}
