package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.corpus.CandidateOptions;
import dev.rankspark.files.InputPaths;
import dev.rankspark.files.InputPaths.Content;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that name candidates, shared by {@code prepare} and {@code rerank}. */
final class CandidateMixin {
  /** The split that Tevatron takes of a corpus. */
  private static final String TRAIN = "train";

  /** The split that Tevatron takes of queries. */
  private static final String DEV = "dev";

  @Option(
      names = "--queries",
      paramLabel = "FILE",
      description =
          "queries: tsv \"qid<tab>text\", JSON lines (query_id, query; BEIR's _id, text) or Parquet;"
              + " globs, folders")
  private List<String> queries = new ArrayList<>();

  @Option(
      names = "--corpus",
      paramLabel = "FILE",
      description =
          "passages: JSON lines (docid, title, text; BEIR's _id), tsv \"docid<tab>text\" or"
              + " msmarco-docs.tsv, Parquet; globs, folders")
  private List<String> corpus = new ArrayList<>();

  @Option(
      names = "--query-data-name",
      paramLabel = "NAME",
      description = "a data set of queries, a folder or a name at the hub, instead of --queries")
  private Optional<String> queryDataName;

  @Option(
      names = "--query-data-split",
      paramLabel = "SPLIT",
      description =
          "the split of --query-data-name, told by the names of its files, such as dl19.jsonl.gz"
              + " (default "
              + DEV
              + "), or of a folder of --queries (default all)")
  private Optional<String> queryDataSplit;

  @Option(
      names = "--corpus-data-name",
      paramLabel = "NAME",
      description = "likewise of passages, instead of --corpus")
  private Optional<String> corpusDataName;

  @Option(
      names = "--retrieval-results",
      paramLabel = "FILE",
      description = "first-stage run of 3, 4 or 6 columns (--run-format); globs")
  private List<String> runs = new ArrayList<>();

  @Mixin private RunFormatMixin runFormat;

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
    InputPaths queryPaths =
        either(
                "--queries",
                new InputPaths("--queries", queries, queryDataSplit, Content.QUERIES),
                "--query-data-name",
                queryDataName,
                queryDataSplit.orElse(DEV))
            .holding(Content.QUERIES);
    InputPaths corpusPaths =
        either(
                "--corpus",
                InputPaths.of("--corpus", corpus),
                "--corpus-data-name",
                corpusDataName,
                TRAIN)
            .holding(Content.CORPUS);
    InputPaths runPaths = InputPaths.of("--retrieval-results", runs);
    List<InputPaths> inputs = List.of(queryPaths, corpusPaths, runPaths);
    if (inputs.stream().allMatch(InputPaths::isEmpty)) {
      return Optional.empty();
    }
    for (InputPaths input : inputs) {
      if (input.isEmpty()) {
        throw OptionException.of(
            "%s is missing: candidates need --queries, --corpus and --retrieval-results",
            input.option());
      }
    }
    return Optional.of(
        new CandidateOptions(
            queryPaths,
            corpusPaths,
            runPaths,
            runFormat.reader(),
            depth,
            allowMissing ? CandidateOptions.Missing.SKIP : CandidateOptions.Missing.REFUSE));
  }

  /** Files, or the data set of Tevatron's spelling. */
  private static InputPaths either(
      String option, InputPaths files, String dataOption, Optional<String> folder, String split) {
    if (folder.isEmpty()) {
      return files;
    }
    if (!files.isEmpty()) {
      throw OptionException.of("%s and %s exclude each other", option, dataOption);
    }
    return InputPaths.ofSplit(dataOption, folder.get(), split);
  }
}
