package dev.rankspark.score;

import dev.rankspark.corpus.Candidates;
import dev.rankspark.progress.Figures;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What a rerank job did.
 *
 * @param counted of its pairs
 * @param candidates what the join found; empty for a rerank input, which is joined already
 * @param tokens of its pairs
 * @param work where and how long
 * @param comparison the run before and after, where there are judgements
 * @param reuse what a store had; empty without one
 */
public record RerankReport(
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
   * @param truncated pairs cut at {@code --rerank-max-len}
   * @param batch the most of a batch, as asked for or as decided for all executors
   * @param leastBatch what that became where a device's memory was full
   */
  public record Tokens(
      long all, long computed, int longest, long truncated, int batch, int leastBatch) {}

  /**
   * Where the job ran, and how long.
   *
   * @param hardware what it was computed on and in
   * @param tasks that scored
   * @param imbalance the cost of the task that cost most, by their mean
   * @param modelLoads how often a model was loaded; as many as executors, unless one was lost
   * @param executors the ids of the executors that scored
   * @param seconds from before the first task, which looks at an executor's device, and before
   *     anything of the input is read until the last row of the run is committed to its place;
   *     checking the options and the model before that, and measuring after it, are not counted
   */
  public record Work(
      String hardware,
      int tasks,
      double imbalance,
      long modelLoads,
      Set<String> executors,
      double seconds) {}

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
   * @param notes what the user may want to know of it, one line each
   */
  public record Reuse(long pairs, long reused, long scored, List<String> notes) {
    /** The line that a nightly job's log is searched for. */
    public String summary() {
      return String.format(Locale.ROOT, "pairs %d; reused %d; scored %d", pairs, reused, scored);
    }
  }

  /** What the user asked for and did not get, one line each. */
  public List<String> notes() {
    List<String> notes =
        new ArrayList<>(BatchTokens.notes(tokens.batch, tokens.leastBatch, tokens.longest));
    reuse.ifPresent(reused -> notes.addAll(reused.notes));
    return notes;
  }

  /** One line for people, with units. */
  public String summary(int maxLength) {
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
          work.seconds);
    }
    return String.format(
        Locale.ROOT,
        "Scored %,d pairs of %,d queries in %.1f s (%s pairs/s, %,d tokens, %.3f computed per"
            + " token, at most %,d a batch) on %s; %d executor%s,"
            + " %d model load%s, %d task%s, the largest %.2f of the mean; %,d pairs (%.1f %%) cut at %d tokens (--rerank-max-len)%s",
        pairs,
        counted.queries,
        work.seconds,
        Figures.measuredRate(pairs / work.seconds),
        tokens.all,
        tokens.all == 0 ? 1.0 : (double) tokens.computed / tokens.all,
        Math.max(tokens.batch, tokens.longest),
        work.hardware,
        work.executors.size(),
        plural(work.executors.size()),
        work.modelLoads,
        plural(work.modelLoads),
        work.tasks,
        plural(work.tasks),
        work.imbalance,
        tokens.truncated,
        100.0 * tokens.truncated / pairs,
        maxLength,
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
