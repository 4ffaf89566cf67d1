package dev.rankspark.score;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.corpus.Pairs;
import dev.rankspark.prompt.PromptOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whole query logs, in the heap of one small executor that is the driver too; prints its figures.
 */
@Tag("size")
class PairSizeTest {
  private static final Path REFERENCE = Path.of("..", "reference").toAbsolutePath().normalize();
  private static final PromptOptions PROMPT =
      new PromptOptions("query: ", "document: ", 196, false);
  private static final long QUERIES = 10_000_000;
  private static final long SCORED = 1_000_000;

  @Test
  void tenMillionQueriesAreNumberedAndSpread() throws IOException {
    try (SparkSession spark = session()) {
      long start = System.nanoTime();
      Dataset<Row> pairs = pairs(spark, QUERIES, 2);
      PairNumbers numbers = PairNumbers.of(pairs, new PairCost(196, 4_608).estimate());
      assertThat(numbers.pairCount()).isEqualTo(2 * QUERIES);
      int tasks = PairNumbers.defaultTasks(numbers.pairCount());
      long[] counted = {0, 0};
      for (long task :
          numbers
              .spread(tasks, new PairRows(PROMPT))
              .mapPartitions(PairSizeTest::count)
              .collect()) {
        counted[0] += task;
        counted[1] = Math.max(counted[1], task);
      }
      assertThat(counted[0]).isEqualTo(2 * QUERIES);
      report(
          String.format(
              Locale.ROOT,
              "%,d pairs numbered and spread over %,d tasks, at most %,d a task",
              counted[0],
              tasks,
              counted[1]),
          start);
    }
  }

  private static Iterator<Long> count(Iterator<NumberedPair> pairs) {
    long count = 0;
    long last = -1;
    while (pairs.hasNext()) {
      long number = pairs.next().number;
      if (number <= last) {
        throw new IllegalStateException(number + " after " + last);
      }
      last = number;
      count++;
    }
    return List.of(count).iterator();
  }

  @Test
  void aMillionPairsAreScored() throws IOException {
    try (SparkSession spark = session()) {
      long start = System.nanoTime();
      Dataset<Row> scored =
          PairScorer.of(REFERENCE.resolve("mistral").toString(), "query: ", "document: ", 196)
              .withColumns(Pairs.QUERY, Pairs.TEXT)
              .withDtype("float32")
              .withScoreColumn("ours")
              .score(pairs(spark, SCORED / 10, 10));
      assertThat(scored.where(col("ours").isNotNull()).count()).isEqualTo(SCORED);
      report(String.format(Locale.ROOT, "%,d pairs scored", SCORED), start);
    }
  }

  private static SparkSession session() {
    return SparkSession.builder()
        .master("local[2]")
        .config("spark.ui.enabled", false)
        .config("spark.sql.shuffle.partitions", 200)
        .getOrCreate();
  }

  private static Dataset<Row> pairs(SparkSession spark, long queries, long depth) {
    return spark
        .range(0, queries * depth, 1, 64)
        .select(
            col("id").as(Pairs.POSITION),
            concat(lit("q"), col("id").divide(depth).cast("long")).as(Pairs.QID),
            concat(lit("what is "), col("id").divide(depth).cast("long")).as(Pairs.QUERY),
            concat(lit("d"), col("id")).as(Pairs.DOCID),
            lit("").as(Pairs.TITLE),
            concat(lit("A passage about "), col("id"), lit(" that flows to the sea."))
                .as(Pairs.TEXT),
            col("id").divide(depth).cast("long").multiply(depth).as(Pairs.QUERY_POSITION));
  }

  private static void report(String what, long start) throws IOException {
    String resident =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmHWM"))
            .findFirst()
            .orElse("");
    System.out.printf(
        Locale.ROOT,
        "%s in %.0f s, heap of at most %d MiB, %s%n",
        what,
        (System.nanoTime() - start) / 1e9,
        Runtime.getRuntime().maxMemory() >> 20,
        resident);
  }
}
