package dev.rankspark.train;

import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.util.AccumulatorV2;
import scala.collection.JavaConverters;

/**
 * How far a training is, on its way from rank 0 to the driver: an accumulator, which Spark sends
 * along with an executor's heartbeats ({@code spark.executor.heartbeatInterval}).
 */
final class TrainProgress extends AccumulatorV2<TrainProgress.At, TrainProgress.At> {
  private static final long serialVersionUID = 1L;
  private static final String NAME = "training progress";
  private static final At NOWHERE = new At(0, 0, 0, 0, 0);

  private At at = NOWHERE;

  /**
   * After a step.
   *
   * @param steps since the stage began
   * @param pairs of all workers since then
   * @param seconds spent on them
   */
  record At(int step, int steps, double loss, long pairs, double seconds) implements Serializable {}

  /** Told on the driver. */
  @FunctionalInterface
  interface Listener {
    void at(At at);
  }

  /** Begins to tell a listener; the result stops it. */
  Runnable tell(SparkContext spark, Listener listener) {
    spark.register(this, NAME);
    SparkListener updates =
        new SparkListener() {
          private int told; // heartbeats come while a step lasts, too

          @Override
          public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
            JavaConverters.seqAsJavaList(update.accumUpdates()).stream()
                .flatMap(task -> JavaConverters.seqAsJavaList(task._4()).stream())
                .filter(accumulated -> accumulated.id() == id() && accumulated.update().isDefined())
                .map(accumulated -> accumulated.update().get())
                .filter(At.class::isInstance)
                .map(At.class::cast)
                .forEach(this::tell);
          }

          private void tell(At at) {
            if (at.step != told) { // fewer after the stage began again
              told = at.step;
              listener.at(at);
            }
          }
        };
    spark.addSparkListener(updates);
    return () -> spark.removeSparkListener(updates);
  }

  void report(TrainingLoop.Step step, int workers) {
    add(
        new At(
            step.number(),
            at.steps + 1,
            step.loss(),
            at.pairs + (long) step.pairs() * workers,
            at.seconds + step.seconds()));
  }

  @Override
  public boolean isZero() {
    return at.step == 0;
  }

  @Override
  public TrainProgress copy() {
    TrainProgress copy = new TrainProgress();
    copy.at = at;
    return copy;
  }

  @Override
  public void reset() {
    at = NOWHERE;
  }

  @Override
  public void add(At next) {
    at = next;
  }

  @Override
  public void merge(AccumulatorV2<At, At> other) {
    if (other.value().step > at.step) {
      at = other.value();
    }
  }

  @Override
  public At value() {
    return at;
  }
}
