package dev.rankspark.cluster;

import java.time.Duration;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.TaskSchedulerImpl;
import org.apache.spark.scheduler.TaskSetManager;

/**
 * Tasks that outlive their stage: a job fails with the first task that does, and is done with the
 * first of two attempts at its last. Spark tells the others to end, but does not wait for them, and
 * what they write comes after whatever the driver has cleared away.
 */
public final class LateTasks {
  private static final Duration STEP = Duration.ofMillis(10);

  private LateTasks() {}

  /**
   * Waits until none is left, or the patience is over: a task sees that it is to end between two
   * rows.
   */
  public static void await(SparkContext spark, Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    while (areThere(spark) && System.nanoTime() < end) {
      try {
        Thread.sleep(STEP.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** Asks the scheduler itself: Spark's status tracker lags behind it. */
  private static boolean areThere(SparkContext spark) {
    return !spark.isStopped()
        && spark.taskScheduler() instanceof TaskSchedulerImpl scheduler
        && scheduler.taskIdToTaskSetManager().values().stream().anyMatch(TaskSetManager::isZombie);
  }
}
