package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.corpus.CandidateOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that name candidates, shared by {@code prepare} and {@code rerank}. */
final class CandidateMixin {
  @Option(
      names = "--queries",
      paramLabel = "FILE",
      description = "queries: tsv \"qid<tab>text\", JSON lines (query_id, query) or Parquet; globs")
  private List<String> queries = new ArrayList<>();

  @Option(
      names = "--corpus",
      paramLabel = "FILE",
      description =
          "passages: JSON lines (docid, title, text), tsv \"docid<tab>text\" or Parquet; globs")
  private List<String> corpus = new ArrayList<>();

  @Option(
      names = "--retrieval-results",
      paramLabel = "FILE",
      description = "first-stage run of 3, 4 or 6 columns; globs")
  private List<String> runs = new ArrayList<>();

  @Option(
      names = "--depth",
      paramLabel = "N",
      defaultValue = "" + CandidateOptions.DEFAULT_DEPTH,
      description = "take the first N lines of each query (default ${DEFAULT-VALUE})")
  private int depth;

  @Option(
      names = "--allow-missing",
      description = "skip and count candidates whose docid has no passage")
  private boolean allowMissing;

  /** Empty if none of the three inputs was given. */
  Optional<CandidateOptions> options() {
    if (queries.isEmpty() && corpus.isEmpty() && runs.isEmpty()) {
      return Optional.empty();
    }
    require("--queries", queries);
    require("--corpus", corpus);
    require("--retrieval-results", runs);
    return Optional.of(
        new CandidateOptions(
            queries,
            corpus,
            runs,
            depth,
            allowMissing ? CandidateOptions.Missing.SKIP : CandidateOptions.Missing.REFUSE));
  }

  private static void require(String option, List<String> value) {
    if (value.isEmpty()) {
      throw OptionException.of(
          "%s is missing: candidates need --queries, --corpus and --retrieval-results", option);
    }
  }
}
