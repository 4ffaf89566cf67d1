package dev.rankspark.train;

import dev.rankspark.cluster.Latest;
import java.io.Serializable;
import java.util.function.Consumer;
import org.apache.spark.SparkContext;

/** How far a training is, on its way from rank 0 to the driver. */
final class TrainProgress implements Serializable {
  private static final long serialVersionUID = 1L;

  private final Latest<At> latest = new Latest<>(new At(0, 0, 0, 0, 0));

  /**
   * After a step.
   *
   * @param steps since the stage began
   * @param pairs of all workers since then
   * @param seconds spent on them
   */
  record At(int step, int steps, double loss, long pairs, double seconds)
      implements Serializable, Comparable<At> {
    @Override
    public int compareTo(At other) {
      return Integer.compare(step, other.step);
    }
  }

  /** Begins to tell a listener on the driver; the result stops it. */
  Runnable tell(SparkContext spark, Consumer<At> listener) {
    return latest.tell(spark, "training progress", At.class, listener);
  }

  /** Called by rank 0 after each step. */
  void report(TrainingLoop.Step step, int workers) {
    At before = latest.value();
    latest.add(
        new At(
            step.number(),
            before.steps + 1,
            step.loss(),
            before.pairs + (long) step.pairs() * workers,
            before.seconds + step.seconds()));
  }
}
