package dev.rankspark.score;

import dev.rankspark.cluster.Disturbances;
import dev.rankspark.corpus.Candidates;
import dev.rankspark.progress.Figures;
import dev.rankspark.reranker.Recipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a rerank job did.
 *
 * @param recipe what makes a score beside the weights
 * @param counted of its pairs
 * @param candidates what the join found; empty for a rerank input, which is joined already
 * @param tokens of its pairs
 * @param work where and how long
 * @param comparison the run before and after, where there are judgements
 * @param reuse what a store had; empty without one
 */
public record RerankReport(
    Recipe recipe,
    Counted counted,
    Optional<Candidates.Counts> candidates,
    Tokens tokens,
    Work work,
    List<Comparison> comparison,
    Optional<Reuse> reuse) {

  /**
   * Pairs and queries.
   *
   * @param pairs of the input
   * @param queries they belong to
   * @param repeated pairs of a docid that their query has already; scored and written, as Tevatron
   *     does
   */
  public record Counted(long pairs, long queries, long repeated) {}

  /**
   * Tokens, and the batches that they went through the model in.
   *
   * @param all of the pairs
   * @param computed those that went through the model: prefixes that pairs share do so once a batch
   * @param longest of the longest pair
   * @param cutAt tokens at which pairs are cut: {@code --rerank-max-len}, or the prompt's own
   * @param truncated pairs that were
   * @param batch the most of a batch, as asked for or as decided for all executors
   * @param leastBatch what that became where a device's memory was full
   */
  public record Tokens(
      long all, long computed, int longest, int cutAt, long truncated, int batch, int leastBatch) {}

  /**
   * Where the job ran, and how long.
   *
   * @param hardware what it was computed on and in
   * @param tasks that scored
   * @param imbalance the cost of the task that cost most, by their mean
   * @param executors those that scored
   * @param phases how long
   * @param disturbances what went wrong, and was mended
   */
  public record Work(
      String hardware,
      int tasks,
      double imbalance,
      List<Executor> executors,
      Phases phases,
      Disturbances disturbances) {
    /** How often a model was loaded; as many as executors, unless one was lost. */
    public long modelLoads() {
      return executors.stream().mapToLong(Executor::modelLoads).sum();
    }

    /** Of all executors. */
    public Seconds seconds() {
      return executors.stream().map(Executor::seconds).reduce(Seconds.NONE, Seconds::plus);
    }
  }

  /**
   * What an executor did.
   *
   * @param id Spark's
   * @param tokens of its pairs
   * @param seconds of all of its tasks
   */
  public record Executor(
      String id, int tasks, int modelLoads, long pairs, long tokens, Seconds seconds) {
    Executor plus(Executor other) {
      return new Executor(
          id,
          tasks + other.tasks,
          modelLoads + other.modelLoads,
          pairs + other.pairs,
          tokens + other.tokens,
          seconds.plus(other.seconds));
    }
  }

  /**
   * What tasks spent their time on.
   *
   * @param load until they had their model
   * @param read on their pairs, another task's shuffle among it
   * @param tokenize on tokens and batches, on a thread beside the model
   * @param await on waiting for these
   * @param compute in the model
   */
  public record Seconds(double load, double read, double tokenize, double await, double compute)
      implements java.io.Serializable {
    static final Seconds NONE = new Seconds(0, 0, 0, 0, 0);

    Seconds plus(Seconds other) {
      return new Seconds(
          load + other.load,
          read + other.read,
          tokenize + other.tokenize,
          await + other.await,
          compute + other.compute);
    }
  }

  /**
   * How long the job took, in seconds, from before the first task, which looks at an executor's
   * device, and before anything of the input is read. Checking the options and the model before
   * that, and measuring after it, are not counted.
   *
   * @param scored until all pairs have their scores
   * @param written until the last row of the run is committed to its place
   */
  public record Phases(double scored, double written) {}

  /**
   * One measure of the first stage and of the reranked run.
   *
   * @param before empty where the input has no first-stage scores
   */
  public record Comparison(String measure, Optional<Double> before, double after) {}

  /**
   * What a store had.
   *
   * @param pairs of the input
   * @param reused those whose scores were there, or are another pair's of the same texts
   * @param scored those that were computed
   * @param plan of the run; empty where nothing was to score
   * @param notes what the user may want to know of it, one line each
   */
  public record Reuse(
      long pairs, long reused, long scored, Optional<Plan> plan, List<String> notes) {
    /** The line that a nightly job's log is searched for. */
    public String summary() {
      return String.format(Locale.ROOT, "pairs %d; reused %d; scored %d", pairs, reused, scored);
    }
  }

  /**
   * A run's plan.
   *
   * @param id in the store
   * @param tasks of it
   * @param finishedTasks those that a killed run had committed
   */
  public record Plan(String id, int tasks, int finishedTasks) {}

  /** What was taken without being asked for, or asked for and not had, one line each. */
  public List<String> notes() {
    List<String> notes = new ArrayList<>(recipe.notes());
    notes.addAll(BatchTokens.notes(tokens.batch, tokens.leastBatch, tokens.longest));
    reuse.ifPresent(reused -> notes.addAll(reused.notes));
    return notes;
  }

  /** One line for people, with units. */
  public String summary() {
    if (counted.pairs == 0) {
      return "No pairs to score: the output is empty";
    }
    long pairs = reuse.map(Reuse::scored).orElse(counted.pairs);
    if (pairs == 0) {
      return String.format(
          Locale.ROOT,
          "Took the scores of all %,d pairs of %,d queries from the store in %.1f s; no model was"
              + " loaded",
          counted.pairs,
          counted.queries,
          work.phases().written());
    }
    return String.format(
        Locale.ROOT,
        "Scored %,d pairs of %,d queries in %.1f s (%s pairs/s, %,d tokens, %.3f computed per"
            + " token, at most %,d a batch) on %s; %d executor%s,"
            + " %d model load%s, %d task%s, the largest %.2f of the mean; %,d pairs (%.1f %%) cut at %d tokens (--rerank-max-len)%s",
        pairs,
        counted.queries,
        work.phases().written(),
        Figures.measuredRate(pairs / work.phases().written()),
        tokens.all,
        tokens.all == 0 ? 1.0 : (double) tokens.computed / tokens.all,
        Math.max(tokens.batch, tokens.longest),
        work.hardware,
        work.executors.size(),
        plural(work.executors.size()),
        work.modelLoads(),
        plural(work.modelLoads()),
        work.tasks,
        plural(work.tasks),
        work.imbalance,
        tokens.truncated,
        100.0 * tokens.truncated / pairs,
        tokens.cutAt,
        counted.repeated == 0
            ? ""
            : String.format(
                Locale.ROOT,
                "; %,d pairs name a docid that their query has already",
                counted.repeated));
  }

  private static String plural(long count) {
    return count == 1 ? "" : "s";
  }
}
