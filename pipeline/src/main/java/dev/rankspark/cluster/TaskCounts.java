package dev.rankspark.cluster;

import dev.rankspark.progress.ByteCount;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.util.AccumulatorV2;
import org.apache.spark.util.DoubleAccumulator;
import org.apache.spark.util.LongAccumulator;

/**
 * Numbers that tasks count while they run. They are shown in Spark's UI, on the page of their
 * stage, once a task has ended, and reach the driver with the executors' heartbeats ({@code
 * spark.executor.heartbeatInterval}), for {@link JobProgress}.
 *
 * <p>They are accumulators of Spark's own classes: a driver that cannot read a heartbeat, as it
 * knows our classes by another loader (a notebook's), would take the executor for dead.
 */
public final class TaskCounts implements Serializable {
  private static final long serialVersionUID = 1L;

  private final ArrayList<LongAccumulator> counts = new ArrayList<>();
  private final ArrayList<DoubleAccumulator> values = new ArrayList<>();

  /**
   * @param counts names of what is added to
   * @param values names of what changes, of one task alone
   */
  public TaskCounts(SparkContext spark, List<String> counts, List<String> values) {
    counts.forEach(name -> this.counts.add(spark.longAccumulator(name)));
    values.forEach(name -> this.values.add(spark.doubleAccumulator(name)));
  }

  /** Adds to the counts of the calling task, in their order; those left out stay as they are. */
  public void add(long... more) {
    for (int i = 0; i < more.length; i++) {
      if (more[i] != 0) {
        counts.get(i).add(more[i]);
      }
    }
  }

  /** Sets a value of the calling task. */
  public void set(int value, double now) {
    DoubleAccumulator accumulator = values.get(value);
    accumulator.add(now - accumulator.value());
  }

  /**
   * Counts bytes of the calling task.
   *
   * @param done the place of those that are done
   * @param all the place of all of them
   */
  public ByteCount bytes(int done, int all) {
    return new ByteCount() {
      private long doneBefore;
      private long allBefore;

      @Override
      public void at(long doneNow, long allNow) {
        counts.get(done).add(doneNow - doneBefore);
        counts.get(all).add(allNow - allBefore);
        doneBefore = doneNow;
        allBefore = allNow;
      }
    };
  }

  /** How many numbers there are: counts, then values. */
  int size() {
    return counts.size() + values.size();
  }

  /** The place of a number by its accumulator; negative for one of others. */
  int place(long id) {
    List<AccumulatorV2<?, ?>> all = new ArrayList<>(counts);
    all.addAll(values);
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).id() == id) {
        return i;
      }
    }
    return -1;
  }
}
