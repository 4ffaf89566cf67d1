package dev.rankspark.cluster;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag;
import scala.runtime.AbstractFunction1;

/** A stage whose tasks run all at once, and meet by {@link BarrierTask}. */
public final class BarrierStage {
  private BarrierStage() {}

  /**
   * What a task does.
   *
   * @param <T> its rows
   */
  @FunctionalInterface
  public interface Work<T> extends Serializable {
    /** Rows in, one text out. */
    String run(Iterator<T> rows);
  }

  /**
   * Runs a task for each partition. Their texts leave the stage through a shuffle, so that Spark
   * runs it again, whole, after the loss of an executor.
   *
   * @return in no order
   */
  public static <T> List<String> run(JavaRDD<T> rows, Work<T> work) {
    return rows.rdd()
        .barrier()
        .mapPartitions(new Task<>(work), false, ClassTag.apply(String.class))
        .toJavaRDD()
        .repartition(1)
        .collect();
  }

  private static final class Task<T>
      extends AbstractFunction1<scala.collection.Iterator<T>, scala.collection.Iterator<String>>
      implements Serializable {
    private static final long serialVersionUID = 1L;
    private final Work<T> work;

    Task(Work<T> work) {
      this.work = work;
    }

    @Override
    public scala.collection.Iterator<String> apply(scala.collection.Iterator<T> rows) {
      String text = work.run(JavaConverters.asJavaIterator(rows));
      return JavaConverters.asScalaIterator(List.of(text).iterator());
    }
  }
}
