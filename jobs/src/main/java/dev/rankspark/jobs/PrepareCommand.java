package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.cluster.JobProgress;
import dev.rankspark.corpus.CandidateOptions;
import dev.rankspark.corpus.Candidates;
import dev.rankspark.corpus.RerankInput;
import dev.rankspark.files.OutputFile;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code prepare}: Tevatron's {@code prepare_rerank_input.py}. */
@Command(
    name = "prepare",
    mixinStandardHelpOptions = true,
    description = "Joins a first-stage run with queries and passages to Tevatron's rerank input.",
    footerHeading = "%nExample:%n",
    footer =
        "  rankspark prepare --queries queries.dl19.tsv --corpus corpus.jsonl.gz%n"
            + "    --retrieval-results run.repllama.psg.dl19.txt --depth 200%n"
            + "    --output-path rerank_input.repllama.psg.dl19.jsonl")
final class PrepareCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private CandidateMixin candidates;

  @Mixin private CacheMixin cache;

  @Mixin private OutputMixin output;

  @Option(
      names = "--output-path",
      required = true,
      paramLabel = "FILE",
      description = "the rerank input to write: JSON lines")
  private String outputPath;

  @Override
  public Integer call() {
    TevatronArguments.check(spec, Set.of());
    CandidateOptions options =
        candidates
            .options()
            .orElseThrow(
                () -> new OptionException("expected --queries, --corpus and --retrieval-results"));
    OutputFile.check(outputPath, output.ifExists(), HadoopSettings.ofDriver());
    Candidates.Counts counts;
    try (ProgressDisplay display = Commands.progress(spec)) {
      CandidateOptions found = cache.showing(display).find(options);
      counts = SparkSessions.with("prepare", spark -> prepare(spark, found, display));
    }
    spec.commandLine()
        .getErr()
        .printf(
            Locale.ROOT,
            "Wrote %,d pairs to %s; %s%n",
            counts.pairs(),
            outputPath,
            skipped(counts));
    return 0;
  }

  private Candidates.Counts prepare(
      SparkSession spark, CandidateOptions options, ProgressDisplay display) {
    try (JobProgress progress = JobProgress.tell(spark.sparkContext(), display)) {
      progress.describe("prepare: reads its inputs");
      return RerankInput.prepare(spark, options, outputPath, output.ifExists());
    }
  }

  /** What a join left out, for people. */
  static String skipped(Candidates.Counts counts) {
    return String.format(
        Locale.ROOT,
        "%sof %,d run lines within the depth, %,d without a query and %,d without a passage were"
            + " skipped; %,d name a docid that their query has already",
        counts.pairs() == 0 ? "no candidates are left: " : "",
        counts.candidates(),
        counts.withoutQuery(),
        counts.withoutPassage(),
        counts.repeated());
  }
}
