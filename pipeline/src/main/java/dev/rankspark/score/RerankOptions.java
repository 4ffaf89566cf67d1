package dev.rankspark.score;

import dev.rankspark.OptionException;
import dev.rankspark.corpus.CandidateOptions;
import dev.rankspark.corpus.Shard;
import dev.rankspark.files.InputPaths;
import dev.rankspark.files.OutputFile.IfExists;
import dev.rankspark.run.Ids;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A whole rerank job. Exactly one of the two inputs is present, and at least one output.
 *
 * @param rerankInput {@code --dataset-path} or {@code --dataset-name}: Tevatron's rerank input; may
 *     name nothing
 * @param shard which of its lines
 * @param candidates {@code --queries --corpus --retrieval-results --depth}: joined within the job
 * @param scoring the model and how it is applied
 * @param output {@code --rerank-output-path}: {@code qid\tdocid\tscore}
 * @param trecOutput {@code --trec-output-path}: {@code qid Q0 docid rank score tag}
 * @param runTag {@code --run-tag}, the last column of the TREC file
 * @param ifExists {@code --overwrite}
 * @param judgements {@code --qrels}: measure the run before and after
 * @param scoreStore {@code --score-store}: a folder whose scores are not computed again, and where
 *     what is computed is kept
 * @param reportJson {@code --report-json}: what the job did, for programs
 */
public record RerankOptions(
    InputPaths rerankInput,
    Shard shard,
    Optional<CandidateOptions> candidates,
    ScoreOptions scoring,
    Optional<String> output,
    Optional<String> trecOutput,
    String runTag,
    IfExists ifExists,
    Optional<Judgements> judgements,
    Optional<String> scoreStore,
    Optional<String> reportJson) {

  /**
   * Judgements to measure a run by.
   *
   * @param qrels the file
   * @param relevanceLevel {@code --relevance-level}: the lowest grade that counts as relevant,
   *     trec_eval's {@code -l}
   */
  public record Judgements(String qrels, int relevanceLevel) {}

  /** The tag that Tevatron's {@code convert_result_to_trec.py} writes. */
  public static final String DEFAULT_RUN_TAG = "dense";

  public RerankOptions {
    if (rerankInput.isEmpty() == candidates.isEmpty()) {
      throw new OptionException(
          "expected either --dataset-path, or --queries, --corpus and --retrieval-results");
    }
    if (candidates.isPresent() && !shard.equals(Shard.ALL)) {
      throw new OptionException(
          "--dataset-number-of-shards goes with --dataset-path; candidates are not sharded");
    }
    if (output.isEmpty() && trecOutput.isEmpty()) {
      throw new OptionException("expected --rerank-output-path, --trec-output-path or both");
    }
    checkDiffer("--rerank-output-path", output, "--trec-output-path", trecOutput);
    checkDiffer("--rerank-output-path", output, "--report-json", reportJson);
    checkDiffer("--trec-output-path", trecOutput, "--report-json", reportJson);
    Ids.checkTag(runTag);
  }

  private static void checkDiffer(
      String option, Optional<String> file, String otherOption, Optional<String> other) {
    if (file.isPresent() && file.equals(other)) {
      throw new OptionException(
          String.format(
              Locale.ROOT, "%s and %s are the same file: %s", option, otherOption, file.get()));
    }
  }

  /** All files to write. */
  public List<String> files() {
    return Stream.of(output, trecOutput, reportJson).flatMap(Optional::stream).toList();
  }
}
