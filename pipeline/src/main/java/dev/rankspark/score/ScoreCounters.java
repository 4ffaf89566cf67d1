package dev.rankspark.score;

import dev.rankspark.cluster.TaskResults;
import dev.rankspark.model.Hardware;
import java.io.Serializable;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;

/** What the tasks of one job counted. Spark adds a task's counts once, when it succeeds. */
final class ScoreCounters implements Serializable {
  private static final long serialVersionUID = 1L;

  private final TaskResults<Task> tasks;

  ScoreCounters(SparkContext context) {
    tasks = new TaskResults<>(context, "scoring tasks");
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
      int batchTokens)
      implements Serializable {

    /** A task that has scored nothing yet. */
    static Task begun(String executor, boolean modelLoaded) {
      return new Task(executor, modelLoaded, 0, 0, 0, 0, 0, 0, Integer.MAX_VALUE);
    }

    Task plus(Scorer.Scores scores, PairCost pairCost) {
      Scorer.Prepared prepared = scores.prepared();
      BatchPlan.Plan plan = prepared.plan();
      return new Task(
          executor,
          modelLoaded,
          pairs + scores.scores().length,
          tokens + prepared.tokens(),
          computedTokens + plan.computedTokens(),
          Math.max(longest, prepared.longest()),
          truncated + prepared.truncated(),
          cost + pairCost.of(plan.computedTokens(), plan.attendedTokens()),
          scores.batchTokens());
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
   */
  RerankReport.Tokens tokens(int asked) {
    return new RerankReport.Tokens(
        sum(Task::tokens),
        sum(Task::computedTokens),
        each(Task::longest).max().orElse(0),
        sum(Task::truncated),
        asked,
        each(Task::batchTokens).min().orElse(asked));
  }

  /** What tasks that had pairs did, and where. */
  RerankReport.Work work(Hardware hardware, double seconds) {
    return new RerankReport.Work(
        hardware.description(),
        tasks.values().size(),
        imbalance(),
        sum(task -> task.modelLoaded ? 1 : 0),
        tasks.values().stream().map(Task::executor).collect(Collectors.toCollection(TreeSet::new)),
        seconds);
  }

  /** The cost of the task that cost most, by the mean of all; 1 if there was none. */
  private double imbalance() {
    double mean = tasks.values().stream().mapToDouble(Task::cost).average().orElse(1);
    return tasks.values().stream().mapToDouble(Task::cost).max().orElse(1) / mean;
  }
}
