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

import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import scala.Tuple2;

/**
 * The pairs' numbers in input order, queries kept together, and their spreading over tasks by
 * number alone: which pairs a task gets depends on the input and the number of tasks, not on the
 * cluster or on where the pairs came from.
 */
final class PairNumbers {
  /** The pair's number, from 0, over all pairs. */
  static final String NUMBER = "number";

  /** Pairs a task, up to {@link #MANY} pairs: enough to sort by length, few enough to spread. */
  private static final long PAIRS_PER_TASK = 256;

  private static final long MANY = 256 * PAIRS_PER_TASK;

  /**
   * Beyond {@link #MANY} pairs tasks grow, so that whole query logs do not make millions of them.
   */
  private static final long PAIRS_PER_FURTHER_TASK = 16_384;

  private PairNumbers() {}

  /** Adds {@link #NUMBER}. */
  static Dataset<Row> number(Dataset<Row> pairs) {
    String size = "size";
    String before = "before";
    Dataset<Row> queries =
        pairs
            .groupBy(QID, QUERY_POSITION)
            .agg(count(lit(1)).as(size))
            .withColumn(
                before,
                coalesce(
                    sum(col(size))
                        .over(
                            Window.orderBy(QUERY_POSITION)
                                .rowsBetween(Window.unboundedPreceding(), -1)),
                    lit(0L)))
            .select(QID, before);
    return pairs
        .join(broadcast(queries), QID)
        .withColumn(
            NUMBER,
            col(before).plus(row_number().over(Window.partitionBy(QID).orderBy(POSITION))).minus(1))
        .drop(before);
  }

  /** How many tasks so many pairs are spread over unless the user says. */
  static int defaultTasks(long pairs) {
    long first = (Math.min(pairs, MANY) + PAIRS_PER_TASK - 1) / PAIRS_PER_TASK;
    long further =
        (Math.max(0, pairs - MANY) + PAIRS_PER_FURTHER_TASK - 1) / PAIRS_PER_FURTHER_TASK;
    return (int) Math.max(1, Math.min(first + further, Integer.MAX_VALUE));
  }

  /** Neighbouring numbers to the same task, in order. */
  static JavaRDD<Row> spread(Dataset<Row> numbered, long pairs, int tasks) {
    return numbered
        .toJavaRDD()
        .mapToPair(pair -> new Tuple2<>(pair.<Long>getAs(NUMBER), pair))
        .repartitionAndSortWithinPartitions(new EvenRanges(pairs, tasks))
        .values();
  }

  /** Equal ranges of numbers; sizes differ by one at most. */
  private static final class EvenRanges extends Partitioner {
    private static final long serialVersionUID = 1L;
    private final long pairs;
    private final int tasks;

    EvenRanges(long pairs, int tasks) {
      this.pairs = pairs;
      this.tasks = tasks;
    }

    @Override
    public int numPartitions() {
      return tasks;
    }

    @Override
    public int getPartition(Object number) {
      return (int) Math.floorDiv((Long) number * tasks, Math.max(1, pairs));
    }
  }
}
