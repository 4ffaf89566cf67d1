package dev.rankspark.train;

import dev.rankspark.cluster.JobProgress;
import dev.rankspark.cluster.TaskCounts;
import dev.rankspark.progress.ByteCount;
import dev.rankspark.progress.Progress;
import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;

/**
 * How far a training is, on its way from the workers to the driver: the pairs of all, the step and
 * the loss by rank 0. A stage that Spark runs again begins to count anew.
 */
final class TrainProgress implements Serializable {
  private static final long serialVersionUID = 1L;

  // Where the numbers are: those that are counted, then those that change.
  private static final int PAIRS = 0;
  private static final int LOADED = 1;
  private static final int TO_LOAD = 2;
  private static final int STEP = 3;
  private static final int BEGUN_AT = 4;
  private static final int LOSS = 5;

  private final TaskCounts counts;

  TrainProgress(SparkContext spark) {
    counts =
        new TaskCounts(
            spark,
            List.of("pairs trained on", "model bytes loaded", "model bytes"),
            List.of("step", "steps before", "loss"));
  }

  /** Called by each worker, for each part of a batch. */
  void count(int pairs) {
    counts.add(pairs);
  }

  /** For a worker that loads the model. */
  ByteCount loading() {
    return counts.bytes(LOADED, TO_LOAD);
  }

  /** Called by rank 0 before its first step. */
  void begins(int begunAt) {
    counts.set(BEGUN_AT - STEP, begunAt);
    counts.set(0, begunAt);
  }

  /** Called by rank 0 after each step. */
  void after(TrainingLoop.Step step) {
    counts.set(0, step.number());
    counts.set(LOSS - STEP, step.loss());
  }

  /**
   * Lets it be told from now on.
   *
   * @param description of the job
   * @param groupSize texts of a group
   * @param done steps that were taken before
   */
  void tell(JobProgress progress, String description, TrainingPlan plan, int groupSize, int done) {
    progress.describe(
        description,
        counts,
        sums ->
            sums[PAIRS] == 0 && sums[LOADED] < sums[TO_LOAD]
                ? Progress.Bytes.loaded((long) sums[LOADED], (long) sums[TO_LOAD])
                : training(sums, plan, groupSize, done));
  }

  private static Progress.Training training(
      double[] sums, TrainingPlan plan, int groupSize, int done) {
    // A stage that runs again goes on after a later step than the driver knew of.
    int begunAt = Math.max(done, (int) Math.round(sums[BEGUN_AT]));
    int step = Math.max(begunAt, (int) Math.round(sums[STEP]));
    long groups =
        IntStream.rangeClosed(begunAt + 1, plan.steps()).mapToLong(plan::groupsOfStep).sum();
    return new Progress.Training(
        step,
        plan.steps(),
        step > begunAt ? sums[LOSS] : Double.NaN,
        (long) sums[PAIRS],
        groups * groupSize);
  }
}
