package dev.rankspark.score;

import dev.rankspark.cluster.Disturbances;
import dev.rankspark.cluster.JobProgress;
import dev.rankspark.cluster.TaskCounts;
import dev.rankspark.cluster.TaskResults;
import dev.rankspark.model.Hardware;
import dev.rankspark.progress.ByteCount;
import dev.rankspark.progress.Progress;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;

/**
 * What the tasks of one job counted. What is reported is added by Spark, once for a task, when it
 * succeeds; how far a job is, and what Spark's UI shows, is counted by the batch.
 */
final class ScoreCounters implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Where the bytes of models are among the numbers of {@link #live}, behind those of pairs. */
  private static final int LOADED = 3;

  private static final int TO_LOAD = 4;

  private final TaskResults<Task> tasks;
  private final TaskCounts live;

  ScoreCounters(SparkContext context) {
    tasks = new TaskResults<>(context);
    live =
        new TaskCounts(
            context,
            List.of("pairs scored", "tokens", "texts cut", "model bytes loaded", "model bytes"),
            List.of());
  }

  /** Called by a task, after each batch. */
  void count(long pairs, long tokens, long cut) {
    live.add(pairs, tokens, cut);
  }

  /** For a task that loads the model. */
  ByteCount loading() {
    return live.bytes(LOADED, TO_LOAD);
  }

  /**
   * Lets what the tasks count be told from now on.
   *
   * @param description of the job
   * @param pairs of the job
   */
  void tell(JobProgress progress, String description, long pairs) {
    progress.describe(
        description,
        live,
        sums ->
            sums[0] == 0 && sums[LOADED] < sums[TO_LOAD]
                ? Progress.Bytes.loaded((long) sums[LOADED], (long) sums[TO_LOAD])
                : new Progress.Scoring((long) sums[0], pairs, (long) sums[1], (long) sums[2]));
  }

  /**
   * What one task did.
   *
   * @param executor where
   * @param modelLoaded whether this task loaded the model
   * @param cost in tokens, {@link PairCost#of(long, long)}
   * @param batchTokens the most tokens of a batch, at the end
   */
  record Task(
      String executor,
      boolean modelLoaded,
      long pairs,
      long tokens,
      long computedTokens,
      int longest,
      long truncated,
      double cost,
      int batchTokens,
      RerankReport.Seconds seconds)
      implements Serializable {
    /**
     * A task that has scored nothing yet.
     *
     * @param loadSeconds until it had its model
     */
    static Task begun(String executor, boolean modelLoaded, double loadSeconds) {
      return new Task(
          executor,
          modelLoaded,
          0,
          0,
          0,
          0,
          0,
          0,
          Integer.MAX_VALUE,
          new RerankReport.Seconds(loadSeconds, 0, 0, 0, 0));
    }

    Task plus(ScorePipeline.Chunk<?> chunk, PairCost pairCost) {
      Scorer.Prepared prepared = chunk.scores().prepared();
      BatchPlan.Plan plan = prepared.plan();
      return new Task(
          executor,
          modelLoaded,
          pairs + chunk.scores().scores().length,
          tokens + prepared.tokens(),
          computedTokens + plan.computedTokens(),
          Math.max(longest, prepared.longest()),
          truncated + prepared.truncated(),
          cost + pairCost.of(plan.computedTokens(), plan.attendedTokens()),
          chunk.scores().batchTokens(),
          seconds.plus(
              new RerankReport.Seconds(
                  0,
                  chunk.readSeconds(),
                  prepared.tokenizeSeconds() + prepared.planSeconds(),
                  chunk.waitSeconds(),
                  chunk.computeSeconds())));
    }
  }

  /** A number that no other job of this application has. */
  long job() {
    return tasks.id();
  }

  void add(Task task) {
    tasks.add(task);
  }

  private long sum(ToLongFunction<Task> count) {
    return tasks.values().stream().mapToLong(count).sum();
  }

  private IntStream each(ToIntFunction<Task> count) {
    return tasks.values().stream().mapToInt(count);
  }

  long pairs() {
    return sum(Task::pairs);
  }

  /**
   * The tokens of all tasks.
   *
   * @param asked the most tokens of a batch, as asked for or decided
   * @param cutAt the most of a pair
   */
  RerankReport.Tokens tokens(int asked, int cutAt) {
    return new RerankReport.Tokens(
        sum(Task::tokens),
        sum(Task::computedTokens),
        each(Task::longest).max().orElse(0),
        cutAt,
        sum(Task::truncated),
        asked,
        each(Task::batchTokens).min().orElse(asked));
  }

  /** What tasks that had pairs did, and where. */
  RerankReport.Work work(
      Optional<Hardware> hardware, RerankReport.Phases phases, Disturbances disturbances) {
    return new RerankReport.Work(
        hardware.map(Hardware::description).orElse(""),
        tasks.values().size(),
        imbalance(),
        executors(),
        phases,
        disturbances);
  }

  private List<RerankReport.Executor> executors() {
    Map<String, RerankReport.Executor> executors = new TreeMap<>();
    for (Task task : tasks.values()) {
      executors.merge(
          task.executor,
          new RerankReport.Executor(
              task.executor, 1, task.modelLoaded ? 1 : 0, task.pairs, task.tokens, task.seconds),
          RerankReport.Executor::plus);
    }
    return List.copyOf(executors.values());
  }

  /** The cost of the task that cost most, by the mean of all; 1 if there was none. */
  private double imbalance() {
    double mean = tasks.values().stream().mapToDouble(Task::cost).average().orElse(1);
    return tasks.values().stream().mapToDouble(Task::cost).max().orElse(1) / mean;
  }
}
