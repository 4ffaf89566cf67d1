package dev.rankspark.cluster;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.util.CollectionAccumulator;

/**
 * What tasks did, one value a task, for the driver. Spark adds a task's values once, when it
 * succeeds, if they are added within an action.
 *
 * @param <T> a value
 */
public final class TaskResults<T extends Serializable> implements Serializable {
  private static final long serialVersionUID = 1L;

  private final CollectionAccumulator<T> values = new CollectionAccumulator<>();

  public TaskResults(SparkContext spark) {
    spark.register(values); // without a name: Spark's UI would show the list of all, at every task
  }

  /** A number that no other of this application has. */
  public long id() {
    return values.id();
  }

  /** Called by a task. */
  public void add(T value) {
    values.add(value);
  }

  /** Those of all tasks that succeeded so far, on the driver. */
  public List<T> values() {
    return values.value();
  }
}
