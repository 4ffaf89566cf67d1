package dev.rankspark.score;

import dev.rankspark.corpus.Candidates;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What a rerank job did.
 *
 * @param pairs pairs scored
 * @param queries queries they belong to
 * @param repeated pairs of a docid that their query has already; scored and written, as Tevatron
 *     does
 * @param candidates what the join found; empty for a rerank input, which is joined already
 * @param hardware what it was computed on and in
 * @param tokens tokens of all pairs
 * @param computedTokens tokens that went through the model: prefixes that pairs share do so once a
 *     batch
 * @param longest tokens of the longest pair
 * @param batchTokens the most tokens of a batch, as asked for or as decided for all executors
 * @param leastBatchTokens what that became where a device's memory was full
 * @param truncated pairs cut at {@code --rerank-max-len}
 * @param tasks tasks that scored
 * @param imbalance the cost of the task that cost most, by their mean
 * @param modelLoads how often a model was loaded; as many as executors, unless one was lost
 * @param executors the ids of the executors that scored
 * @param seconds from before the first task, which looks at an executor's device, and before
 *     anything of the input is read until the last row of the run is committed to its place;
 *     checking the options and the model before that, and measuring after it, are not counted
 * @param comparison the run before and after, where there are judgements
 */
public record RerankReport(
    long pairs,
    long queries,
    long repeated,
    Optional<Candidates.Counts> candidates,
    String hardware,
    long tokens,
    long computedTokens,
    int longest,
    int batchTokens,
    int leastBatchTokens,
    long truncated,
    int tasks,
    double imbalance,
    long modelLoads,
    Set<String> executors,
    double seconds,
    List<Comparison> comparison) {

  /**
   * One measure of the first stage and of the reranked run.
   *
   * @param before empty where the input has no first-stage scores
   */
  public record Comparison(String measure, Optional<Double> before, double after) {}

  /** What the user asked for and did not get, one line each. */
  public List<String> notes() {
    return BatchTokens.notes(batchTokens, leastBatchTokens, longest);
  }

  /** One line for people, with units. */
  public String summary(int maxLength) {
    if (pairs == 0) {
      return "No pairs to score: the output is empty";
    }
    return String.format(
        Locale.ROOT,
        "Scored %,d pairs of %,d queries in %.1f s (%.0f pairs/s, %,d tokens, %.3f computed per"
            + " token, at most %,d a batch) on %s; %d executor%s,"
            + " %d model load%s, %d task%s, the largest %.2f of the mean; %,d pairs (%.1f %%) cut at %d tokens (--rerank-max-len)%s",
        pairs,
        queries,
        seconds,
        pairs / seconds,
        tokens,
        tokens == 0 ? 1.0 : (double) computedTokens / tokens,
        Math.max(batchTokens, longest),
        hardware,
        executors.size(),
        executors.size() == 1 ? "" : "s",
        modelLoads,
        modelLoads == 1 ? "" : "s",
        tasks,
        tasks == 1 ? "" : "s",
        imbalance,
        truncated,
        100.0 * truncated / pairs,
        maxLength,
        repeated == 0
            ? ""
            : String.format(
                Locale.ROOT, "; %,d pairs name a docid that their query has already", repeated));
  }
}
