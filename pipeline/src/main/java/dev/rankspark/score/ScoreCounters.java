package dev.rankspark.score;

import java.io.Serializable;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.SparkContext;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.LongAccumulator;

/** What the tasks of one job counted. Spark adds a task's counts once, when it succeeds. */
final class ScoreCounters implements Serializable {
  private static final long serialVersionUID = 1L;

  private final LongAccumulator pairs;
  private final LongAccumulator tokens;
  private final LongAccumulator computedTokens;
  private final LongAccumulator truncated;
  private final LongAccumulator modelLoads;
  private final CollectionAccumulator<String> executors;
  private final CollectionAccumulator<Integer> longest;

  ScoreCounters(SparkContext context) {
    pairs = context.longAccumulator("scored pairs");
    tokens = context.longAccumulator("scored tokens");
    computedTokens = context.longAccumulator("computed tokens");
    longest = context.collectionAccumulator("longest pairs");
    truncated = context.longAccumulator("truncated pairs");
    modelLoads = context.longAccumulator("model loads");
    executors = context.collectionAccumulator("executors");
  }

  void add(String executor, boolean modelLoaded, int scoredPairs, Scorer.Scores scores) {
    pairs.add(scoredPairs);
    tokens.add(scores.tokens());
    computedTokens.add(scores.computedTokens());
    longest.add(scores.longest());
    truncated.add(scores.truncated());
    modelLoads.add(modelLoaded ? 1 : 0);
    executors.add(executor);
  }

  long pairs() {
    return pairs.value();
  }

  long tokens() {
    return tokens.value();
  }

  /** Tokens that went through the model. */
  long computedTokens() {
    return computedTokens.value();
  }

  /** Tokens of the longest pair. */
  int longest() {
    return longest.value().stream().mapToInt(Integer::intValue).max().orElse(0);
  }

  long truncated() {
    return truncated.value();
  }

  long modelLoads() {
    return modelLoads.value();
  }

  /** The ids of the executors that scored something. */
  Set<String> executors() {
    List<String> all = executors.value();
    return new TreeSet<>(all);
  }
}
