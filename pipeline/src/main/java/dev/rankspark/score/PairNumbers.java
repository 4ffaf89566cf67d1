package dev.rankspark.score;

import static dev.rankspark.corpus.Pairs.POSITION;
import static dev.rankspark.corpus.Pairs.QID;
import static dev.rankspark.corpus.Pairs.QUERY_POSITION;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import dev.rankspark.cluster.Keyed;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

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

  private static final String QUERY_COST = "query_cost";

  /** Pairs of all earlier queries. */
  private static final String BEFORE = "before";

  /** What they cost. */
  private static final String COST_BEFORE = "cost_before";

  private static final StructType QUERIES =
      new StructType()
          .add(QID, DataTypes.StringType, false)
          .add(QUERY_COST, DataTypes.LongType, false)
          .add(BEFORE, DataTypes.LongType, false)
          .add(COST_BEFORE, DataTypes.LongType, false);

  private final Dataset<Row> pairs;
  private final Column pairCost;
  private final List<Row> queries;
  private final long pairCount;
  private final long totalCost;

  private PairNumbers(
      Dataset<Row> pairs, Column pairCost, List<Row> queries, long pairCount, long totalCost) {
    this.pairs = pairs;
    this.pairCost = pairCost;
    this.queries = queries;
    this.pairCount = pairCount;
    this.totalCost = totalCost;
  }

  /**
   * Counts the pairs and what they cost, query by query.
   *
   * @param pairCost of a pair, a whole number
   */
  static PairNumbers of(Dataset<Row> pairs, Column pairCost) {
    List<Row> counted =
        new ArrayList<>(
            pairs.groupBy(QID, QUERY_POSITION).agg(count(lit(1)), sum(pairCost)).collectAsList());
    counted.sort(Comparator.comparingLong(query -> query.getLong(1)));
    long before = 0;
    long costBefore = 0;
    for (int i = 0; i < counted.size(); i++) {
      Row query = counted.get(i);
      counted.set(i, RowFactory.create(query.get(0), query.get(3), before, costBefore));
      before += query.getLong(2);
      costBefore += query.getLong(3);
    }
    return new PairNumbers(pairs, pairCost, counted, before, costBefore);
  }

  /** How many pairs there are. */
  long pairCount() {
    return pairCount;
  }

  /** The sum of the pairs' costs. */
  long totalCost() {
    return totalCost;
  }

  /** How many tasks so many pairs are spread over unless the user says. */
  static int defaultTasks(long pairs) {
    long first = (Math.min(pairs, MANY) + PAIRS_PER_TASK - 1) / PAIRS_PER_TASK;
    long further =
        (Math.max(0, pairs - MANY) + PAIRS_PER_FURTHER_TASK - 1) / PAIRS_PER_FURTHER_TASK;
    return (int) Math.max(1, Math.min(first + further, Integer.MAX_VALUE));
  }

  /** Adds {@link #NUMBER} and spreads the pairs over tasks, in the order of their numbers. */
  JavaRDD<Row> spread(int tasks) {
    return Keyed.of(
            numbered(totalCost / tasks).toJavaRDD(),
            pair -> new Place(pair.<Long>getAs(MIDDLE), pair.<Long>getAs(NUMBER)),
            pair -> pair)
        .sortedWithin(new ByCost(ends(totalCost, tasks)))
        .values();
  }

  private Dataset<Row> numbered(long taskCost) {
    String own = "own_cost";
    WindowSpec query = Window.partitionBy(QID).orderBy(POSITION);
    Column upTo = sum(col(own)).over(query.rowsBetween(Window.unboundedPreceding(), 0));
    Column ownMiddle = upTo.minus(col(own).divide(2).cast("long"));
    Column queryMiddle = col(QUERY_COST).divide(2).cast("long");
    return pairs
        .withColumn(own, pairCost)
        .join(broadcast(pairs.sparkSession().createDataFrame(queries, QUERIES)), QID)
        .withColumn(NUMBER, col(BEFORE).plus(row_number().over(query)).minus(1))
        .withColumn(
            MIDDLE,
            col(COST_BEFORE)
                .plus(
                    when(col(QUERY_COST).leq(WHOLE * taskCost), queryMiddle).otherwise(ownMiddle)))
        .drop(BEFORE, COST_BEFORE, QUERY_COST, own);
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
