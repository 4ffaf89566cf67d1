package dev.rankspark.jobs;

import dev.rankspark.score.Rerank;
import dev.rankspark.score.RerankOptions;
import dev.rankspark.score.RerankOptions.Judgements;
import dev.rankspark.score.RerankReport;
import dev.rankspark.score.RerankReport.Comparison;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rerank}: the main job, Tevatron's {@code tevatron.reranker.driver.rerank}. */
@Command(
    name = "rerank",
    mixinStandardHelpOptions = true,
    description = "Scores every pair of a first-stage run with a cross encoder and ranks it anew.",
    footerHeading = "%nExample:%n",
    footer =
        "  rankspark rerank --model-name-or-path castorini/rankllama-v1-7b-lora-passage%n"
            + "    --tokenizer-name meta-llama/Llama-2-7b-hf%n"
            + "    --dataset-path rerank_input.repllama.psg.dl19.jsonl --rerank-max-len 196%n"
            + "    --query-prefix \"query: \" --passage-prefix \"document: \"%n"
            + "    --rerank-output-path run.rankllama.psg.dl19.txt --qrels dl19-passage")
final class RerankCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private ScoreMixin scoring;

  @Mixin private DatasetMixin dataset;

  @Mixin private CandidateMixin candidates;

  @Option(
      names = "--rerank-output-path",
      paramLabel = "FILE",
      description = "the run to write: qid<tab>docid<tab>score")
  private Optional<String> output;

  @Option(
      names = "--trec-output-path",
      paramLabel = "FILE",
      description = "the run to write: qid Q0 docid rank score tag")
  private Optional<String> trecOutput;

  @Option(
      names = "--run-tag",
      defaultValue = RerankOptions.DEFAULT_RUN_TAG,
      paramLabel = "TAG",
      description = "last column of the TREC run (default ${DEFAULT-VALUE})")
  private String runTag;

  @Option(
      names = "--qrels",
      paramLabel = "FILE",
      description =
          "judgements, a file or a name as evaluate takes it: print measures of the run before and"
              + " after")
  private Optional<String> qrels;

  @Mixin private QrelsMixin judgements;

  @Mixin private HubMixin hub;

  @Option(
      names = "--relevance-level",
      defaultValue = "1",
      paramLabel = "N",
      description = "the lowest grade that is relevant (default ${DEFAULT-VALUE})")
  private int relevanceLevel;

  @Option(
      names = "--score-store",
      paramLabel = "FOLDER",
      description =
          "keep scores there, and compute none that it has already; a folder of any file system,"
              + " made if it is not there")
  private Optional<String> scoreStore;

  @Option(
      names = "--report-json",
      paramLabel = "FILE",
      description = "also write what the job did, for programs: docs/nightly.md")
  private Optional<String> reportJson;

  @Mixin private OutputMixin outputs;

  @Mixin private ProgressMixin progress;

  @Override
  public Integer call() {
    TevatronArguments.check(spec, dataset.cases());
    RerankOptions options =
        new RerankOptions(
            dataset.paths(),
            dataset.shard(),
            candidates.options(),
            scoring.options(),
            output,
            trecOutput,
            runTag,
            outputs.ifExists(),
            qrels.map(file -> new Judgements(file, relevanceLevel)),
            scoreStore,
            reportJson);
    RerankReport report;
    try (ProgressDisplay display = Commands.progress(spec, progress.isDisabled())) {
      RerankOptions found = hub.showing(display).find(options, judgements);
      report = SparkSessions.with("rerank", spark -> Rerank.run(spark, found, display));
    }
    PrintWriter err = spec.commandLine().getErr();
    report.candidates().ifPresent(counts -> err.println(PrepareCommand.skipped(counts)));
    report.notes().forEach(note -> err.println("rankspark: " + note));
    err.println(report.summary());
    report.reuse().ifPresent(reuse -> err.println(reuse.summary()));
    if (!report.comparison().isEmpty()) {
      spec.commandLine().getOut().print(table(report.comparison()));
    }
    return 0;
  }

  private static String table(List<Comparison> comparison) {
    StringBuilder table =
        new StringBuilder(
            String.format(Locale.ROOT, "%-16s %8s %8s%n", "measure", "before", "after"));
    for (Comparison row : comparison) {
      table.append(
          String.format(
              Locale.ROOT,
              "%-16s %8s %8.4f%n",
              row.measure(),
              row.before().map(value -> String.format(Locale.ROOT, "%.4f", value)).orElse("-"),
              row.after()));
    }
    return table.toString();
  }
}
