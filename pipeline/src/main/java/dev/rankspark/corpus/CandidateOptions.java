package dev.rankspark.corpus;

import dev.rankspark.OptionException;
import dev.rankspark.files.InputPaths;
import dev.rankspark.run.RunReader;

/**
 * Where candidates come from.
 *
 * @param queries {@code --queries} or {@code --query-data-name}
 * @param corpus {@code --corpus} or {@code --corpus-data-name}
 * @param runs {@code --retrieval-results}
 * @param runReader {@code --run-format}
 * @param depth {@code --depth}: the first so many lines of each query
 * @param missing what to do with a docid that has no passage
 */
public record CandidateOptions(
    InputPaths queries,
    InputPaths corpus,
    InputPaths runs,
    RunReader runReader,
    int depth,
    Missing missing) {

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
    if (depth < 1) {
      throw OptionException.of("--depth: expected at least 1, got %d", depth);
    }
  }
}
