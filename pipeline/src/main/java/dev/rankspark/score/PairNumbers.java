package dev.rankspark.score;

import static dev.rankspark.corpus.Pairs.POSITION;
import static dev.rankspark.corpus.Pairs.QID;
import static dev.rankspark.corpus.Pairs.QUERY_POSITION;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import java.io.Serializable;
import java.util.Arrays;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import scala.Tuple2;

/**
 * The pairs' numbers in input order, queries kept together, and their spreading over tasks of equal
 * cost: which pairs a task gets depends on the input, the model's shape and the number of tasks,
 * not on the cluster or on where the pairs came from.
 */
final class PairNumbers {
  /** The pair's number, from 0, over all pairs. */
  static final String NUMBER = "number";

  /** How much of all pairs' cost lies before the middle of what must stay together. */
  private static final String MIDDLE = "middle";

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

  private PairNumbers() {}

  /** How many pairs there are, and the sum of their costs. */
  record Total(long pairs, long cost) {
    static Total of(Dataset<Row> pairs, Column cost) {
      Row total = pairs.select(count(lit(1)), coalesce(sum(cost), lit(0L))).first();
      return new Total(total.getLong(0), total.getLong(1));
    }
  }

  /** How many tasks so many pairs are spread over unless the user says. */
  static int defaultTasks(long pairs) {
    long first = (Math.min(pairs, MANY) + PAIRS_PER_TASK - 1) / PAIRS_PER_TASK;
    long further =
        (Math.max(0, pairs - MANY) + PAIRS_PER_FURTHER_TASK - 1) / PAIRS_PER_FURTHER_TASK;
    return (int) Math.max(1, Math.min(first + further, Integer.MAX_VALUE));
  }

  /**
   * Adds {@link #NUMBER} and spreads the pairs over tasks, in the order of their numbers.
   *
   * @param cost of a pair, a whole number
   */
  static JavaRDD<Row> spread(Dataset<Row> pairs, Column cost, Total total, int tasks) {
    return number(pairs, cost, total.cost / tasks)
        .toJavaRDD()
        .mapToPair(
            pair ->
                new Tuple2<>(new Place(pair.<Long>getAs(MIDDLE), pair.<Long>getAs(NUMBER)), pair))
        .repartitionAndSortWithinPartitions(new ByCost(ends(total.cost, tasks)))
        .values();
  }

  private static Dataset<Row> number(Dataset<Row> pairs, Column pairCost, long taskCost) {
    String size = "size";
    String cost = "cost";
    String queryCost = "query_cost";
    String before = "before";
    String costBefore = "cost_before";
    WindowSpec earlierQueries =
        Window.orderBy(QUERY_POSITION).rowsBetween(Window.unboundedPreceding(), -1);
    Dataset<Row> queries =
        pairs
            .groupBy(QID, QUERY_POSITION)
            .agg(count(lit(1)).as(size), sum(pairCost).as(queryCost))
            .select(
                col(QID),
                col(queryCost),
                coalesce(sum(col(size)).over(earlierQueries), lit(0L)).as(before),
                coalesce(sum(col(queryCost)).over(earlierQueries), lit(0L)).as(costBefore));
    WindowSpec query = Window.partitionBy(QID).orderBy(POSITION);
    Column upTo = sum(col(cost)).over(query.rowsBetween(Window.unboundedPreceding(), 0));
    Column ownMiddle = upTo.minus(col(cost).divide(2).cast("long"));
    Column queryMiddle = col(queryCost).divide(2).cast("long");
    return pairs
        .withColumn(cost, pairCost)
        .join(broadcast(queries), QID)
        .withColumn(NUMBER, col(before).plus(row_number().over(query)).minus(1))
        .withColumn(
            MIDDLE,
            col(costBefore)
                .plus(when(col(queryCost).leq(WHOLE * taskCost), queryMiddle).otherwise(ownMiddle)))
        .drop(before, costBefore, queryCost, cost);
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

  /** Where a pair stands among all. No record, as Kryo cannot read those. */
  private static final class Place implements Comparable<Place>, Serializable {
    private static final long serialVersionUID = 1L;
    private final long middle;
    private final long number;

    Place(long middle, long number) {
      this.middle = middle;
      this.number = number;
    }

    @Override
    public int compareTo(Place other) {
      return Long.compare(number, other.number);
    }
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
