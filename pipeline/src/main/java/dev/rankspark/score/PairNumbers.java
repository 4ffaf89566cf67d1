package dev.rankspark.score;

import static dev.rankspark.corpus.Pairs.POSITION;
import static dev.rankspark.corpus.Pairs.QUERY_POSITION;
import static dev.rankspark.score.Numbering.COST;
import static org.apache.spark.sql.functions.col;

import dev.rankspark.cluster.Keyed;
import dev.rankspark.cluster.SqlSettings;
import dev.rankspark.corpus.Pairs;
import dev.rankspark.score.Numbering.Place;
import dev.rankspark.score.Numbering.Placed;
import dev.rankspark.score.Numbering.Sum;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * The pairs' numbers in input order, queries kept together, and their spreading over tasks of equal
 * cost: which pairs a task gets depends on the input, the model's shape and the number of tasks,
 * not on the cluster or on where the pairs came from. The driver sees a sum for each partition, no
 * query and no pair.
 */
final class PairNumbers {
  /** Pairs a task, up to {@link #MANY} pairs: enough to sort by length, few enough to spread. */
  private static final long PAIRS_PER_TASK = 256;

  private static final long MANY = 256 * PAIRS_PER_TASK;

  /**
   * Beyond {@link #MANY} pairs tasks grow, so that whole query logs do not make millions of them.
   */
  private static final long PAIRS_PER_FURTHER_TASK = 16_384;

  /** A query of at most this part of a task's cost stays in one task; a larger one is cut. */
  private static final double WHOLE = 0.1;

  /**
   * Tasks are cut longest first, from this much above the mean down to this much below, so that
   * what a slot gets at the end is short.
   */
  private static final double SLOPE = 0.05;

  /** Rows with the columns of {@link Pairs} and {@link Numbering#COST}, in input order. */
  private final JavaRDD<Row> sorted;

  /** For each partition of them the sum of all before it. */
  private final List<Sum> before;

  private final Sum total;

  private PairNumbers(JavaRDD<Row> sorted, List<Sum> before, Sum total) {
    this.sorted = sorted;
    this.before = before;
    this.total = total;
  }

  /**
   * Sorts the pairs as the input has them, each query in one partition, and counts them and what
   * they cost.
   *
   * @param pairCost of a pair, a whole number
   */
  static PairNumbers of(Dataset<Row> pairs, Column pairCost) {
    int partitions = SqlSettings.shufflePartitions(pairs.sparkSession());
    JavaRDD<Row> sorted =
        pairs
            .withColumn(COST, pairCost)
            .repartitionByRange(partitions, col(QUERY_POSITION))
            .sortWithinPartitions(QUERY_POSITION, POSITION)
            .toJavaRDD();
    List<Sum> before = new ArrayList<>();
    Sum total = new Sum(0, 0);
    for (Sum sum : sorted.mapPartitions(rows -> List.of(Sum.of(rows)).iterator()).collect()) {
      before.add(total);
      total = total.plus(sum);
    }
    return new PairNumbers(sorted, before, total);
  }

  /** How many pairs there are. */
  long pairCount() {
    return total.pairs;
  }

  /** The sum of the pairs' costs. */
  long totalCost() {
    return total.cost;
  }

  /** How many tasks so many pairs are spread over unless the user says. */
  static int defaultTasks(long pairs) {
    long first = (Math.min(pairs, MANY) + PAIRS_PER_TASK - 1) / PAIRS_PER_TASK;
    long further =
        (Math.max(0, pairs - MANY) + PAIRS_PER_FURTHER_TASK - 1) / PAIRS_PER_FURTHER_TASK;
    return (int) Math.max(1, Math.min(first + further, Integer.MAX_VALUE));
  }

  /**
   * The pairs, numbered and spread over tasks, in the order of their numbers.
   *
   * @param texts what becomes of a row
   */
  JavaRDD<NumberedPair> spread(int tasks, PairRows texts) {
    long taskCost = total.cost / tasks;
    double whole = WHOLE * taskCost;
    List<Sum> starts = new ArrayList<>(before);
    JavaRDD<Placed> placed =
        sorted.mapPartitionsWithIndex(
            (partition, rows) -> new Numbering(rows, starts.get(partition), whole, texts),
            /* preservesPartitioning= */ true);
    return Keyed.of(placed, pair -> pair.place, pair -> pair.pair)
        .sortedWithin(new ByCost(ends(total.cost, tasks)))
        .values();
  }

  /** Where each task ends, by the cost of all that lies before; see {@link #SLOPE}. */
  static long[] ends(long cost, int tasks) {
    long[] ends = new long[tasks];
    for (int task = 1; task <= tasks; task++) {
      double share = (double) task / tasks;
      ends[task - 1] = Math.round(cost * share * (1 + SLOPE * (1 - share)));
    }
    return ends;
  }

  private static final class ByCost extends Partitioner {
    private static final long serialVersionUID = 1L;
    private final long[] ends;

    ByCost(long[] ends) {
      this.ends = ends;
    }

    @Override
    public int numPartitions() {
      return ends.length;
    }

    @Override
    public int getPartition(Object place) {
      int found = Arrays.binarySearch(ends, ((Place) place).middle);
      int task = found < 0 ? -found - 1 : found + 1; // an end belongs to the task that follows
      return Math.min(task, ends.length - 1);
    }
  }
}
