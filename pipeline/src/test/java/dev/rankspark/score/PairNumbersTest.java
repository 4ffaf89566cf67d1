package dev.rankspark.score;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.corpus.Pairs;
import dev.rankspark.prompt.PromptOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PairNumbersTest {
  private static final StructType PAIRS =
      new StructType()
          .add(Pairs.POSITION, DataTypes.LongType, false)
          .add(Pairs.QID, DataTypes.StringType, false)
          .add(Pairs.QUERY_POSITION, DataTypes.LongType, false)
          .add(Pairs.QUERY, DataTypes.StringType, false)
          .add(Pairs.DOCID, DataTypes.StringType, false)
          .add(Pairs.TITLE, DataTypes.StringType, false)
          .add(Pairs.TEXT, DataTypes.StringType, false);

  private static final long SEED = 20261124;

  private static final PairRows TEXTS =
      new PairRows(new PromptOptions("query: ", "document: ", 196, false));

  private static final PairCost COST = new PairCost(196, 4_608);

  private static SparkSession spark;

  @BeforeAll
  static void start() {
    System.out.println("PairNumbersTest: seed " + SEED);
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.sql.shuffle.partitions", 3)
            // users set it, and it cannot read everything that Java's can
            .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
            .getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** Texts grow from query to query, so that equal numbers of pairs are far from equal cost. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8, 40})
  void tasksCostTheSameAndKeepTheOrderOfTheInput(int tasks) {
    List<Row> pairs = new ArrayList<>();
    Random random = new Random(SEED);
    for (int query = 0; query < 60; query++) {
      for (int i = 0; i < 50; i++) {
        String text = "x".repeat(1 + random.nextInt(10 * query + 20));
        pairs.add(pair(pairs.size(), query / 2 * 2 + i % 2, text)); // two queries alternate
      }
    }
    Dataset<Row> input = spark.createDataFrame(pairs, PAIRS);
    Map<String, Long> costOf = new HashMap<>();
    input
        .select(col(Pairs.DOCID), COST.estimate())
        .collectAsList()
        .forEach(row -> costOf.put(row.getString(0), row.getLong(1)));
    PairNumbers numbers = PairNumbers.of(input, COST.estimate());
    List<List<NumberedPair>> spread = numbers.spread(tasks, TEXTS).glom().collect();

    assertThat(spread).hasSize(tasks);
    assertThat(spread.stream().flatMap(List::stream).map(pair -> pair.number))
        .containsExactlyElementsOf(LongStream.range(0, pairs.size()).boxed().toList());
    double[] costs =
        spread.stream()
            .mapToDouble(task -> task.stream().mapToLong(pair -> costOf.get(pair.docid)).sum())
            .toArray();
    double mean = (double) numbers.totalCost() / tasks;
    for (int task = 0; task < tasks; task++) {
      assertThat(costs[task] / mean).as("task %d", task).isBetween(0.8, 1.2);
    }
    assertThat(IntStream.range(0, tasks).mapToDouble(task -> costs[task]).sum())
        .isEqualTo((double) numbers.totalCost());
  }

  /** Two tasks of 100 queries each: no query is large enough to be worth cutting. */
  @Test
  void aSmallQueryStaysInOneTask() {
    List<Row> pairs = new ArrayList<>();
    for (int i = 0; i < 1_400; i++) {
      pairs.add(pair(i, i / 7, "text ".repeat(1 + i % 7)));
    }
    Dataset<Row> input = spark.createDataFrame(pairs, PAIRS);
    List<List<NumberedPair>> spread =
        PairNumbers.of(input, COST.estimate()).spread(9, TEXTS).glom().collect();
    assertThat(
            spread.stream()
                .mapToLong(rows -> rows.stream().map(pair -> pair.qid).distinct().count())
                .sum())
        .isEqualTo(200);
  }

  @Test
  void theFirstTasksAreTheLongest() {
    assertThat(PairNumbers.ends(1_000, 4)).containsExactly(259, 513, 759, 1_000);
    assertThat(PairNumbers.ends(0, 2)).containsExactly(0, 0);
  }

  private static Row pair(long position, long query, String text) {
    return RowFactory.create(position, "q" + query, query, "what is it", "d" + position, "", text);
  }
}
