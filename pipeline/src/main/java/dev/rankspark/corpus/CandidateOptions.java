package dev.rankspark.corpus;

import dev.rankspark.OptionException;
import java.util.List;

/**
 * Where candidates come from.
 *
 * @param queries {@code --queries}: files, globs, folders
 * @param corpus {@code --corpus}: likewise
 * @param runs {@code --retrieval-results}: likewise
 * @param depth {@code --depth}: the first so many lines of each query
 * @param missing what to do with a docid that has no passage
 */
public record CandidateOptions(
    List<String> queries, List<String> corpus, List<String> runs, int depth, Missing missing) {

  /** Tevatron's default of {@code --depth}. */
  public static final int DEFAULT_DEPTH = 1000;

  /** What to do with a docid that has no passage. */
  public enum Missing {
    /** Stop, naming the first; Tevatron's script stops too. */
    REFUSE,
    /** {@code --allow-missing}: leave it out and count it. */
    SKIP
  }

  public CandidateOptions {
    queries = List.copyOf(queries);
    corpus = List.copyOf(corpus);
    runs = List.copyOf(runs);
    if (depth < 1) {
      throw OptionException.of("--depth: expected at least 1, got %d", depth);
    }
  }
}
