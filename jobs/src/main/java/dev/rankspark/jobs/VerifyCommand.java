package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.corpus.ReferenceScores;
import dev.rankspark.reranker.RecipeOptions.Score;
import dev.rankspark.score.ScoreOptions;
import dev.rankspark.score.Verify;
import dev.rankspark.score.VerifyReport;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code verify}: whether a model scores here as it does elsewhere. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description =
        "Scores the pairs of a file of reference scores and compares. In float32 each score is to be"
            + " within 1e-4 of the reference's; in another dtype the pairs are scored in float32 too,"
            + " and the mean difference is to be at most 1.1 times what the dtype costs by itself."
            + " Ends with 0, or with 6 if the scores differ more.",
    footerHeading = "%nExample:%n",
    footer =
        "  rankspark verify --model-name-or-path MODEL --reference scores.jsonl --dtype float32%n"
            + "  rankspark verify --model-name-or-path MODEL --reference run.rankllama.psg.dl19.txt%n"
            + "    --dataset-path rerank_input.jsonl --rerank-max-len 196%n"
            + "    --query-prefix \"query: \" --passage-prefix \"document: \"")
final class VerifyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private ScoreMixin scoring;

  @Option(
      names = "--reference",
      required = true,
      paramLabel = "FILE",
      description =
          "JSON lines of qid, docid, query, text, score, and maybe title and raw, which counts for"
              + " --score raw, as benchmarks/reference_scores.py writes them; or a run, whose texts"
              + " --dataset-path has")
  private String reference;

  @Mixin private RunFormatMixin runFormat;

  @Mixin private DatasetMixin dataset;

  @Mixin private HubMixin hub;

  @Option(
      names = "--tolerance",
      paramLabel = "X",
      description =
          "what may differ instead: in float32 each score, by X times max(1, |score|); in another"
              + " dtype the mean difference, by X")
  private Optional<Double> tolerance;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "threads of the arithmetic (default: one for each processor)")
  private Optional<Integer> threads;

  @Override
  public Integer call() {
    int used = threads.orElseGet(() -> Runtime.getRuntime().availableProcessors());
    if (used < 1) {
      throw OptionException.of("--threads: expected at least 1, got %d", used);
    }
    ScoreOptions model = scoring.options();
    Verify.Options options =
        new Verify.Options(
            model,
            new ReferenceScores.Source(
                reference,
                runFormat.reader(),
                dataset.paths(),
                dataset.shard(),
                model.recipe().score() == Score.RAW),
            used,
            tolerance.map(OptionalDouble::of).orElseGet(OptionalDouble::empty));
    VerifyReport report;
    try (ProgressDisplay display = Commands.progress(spec)) {
      Verify.Options found = hub.showing(display).find(options);
      report = SparkSessions.with("verify", spark -> Verify.run(spark, found, display));
    }
    PrintWriter err = spec.commandLine().getErr();
    report.notes().forEach(note -> err.println("rankspark: " + note));
    PrintWriter out = spec.commandLine().getOut();
    out.println(report.summary());
    if (report.isWithin()) {
      out.println(report.verdict());
      return 0;
    }
    out.flush(); // what follows is the last line where both go to one place
    err.println("rankspark: " + report.verdict());
    return Main.DIFFERENT;
  }
}
