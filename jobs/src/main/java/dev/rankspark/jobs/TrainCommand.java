package dev.rankspark.jobs;

import dev.rankspark.jobs.KnownArgument.Case;
import dev.rankspark.train.Train;
import dev.rankspark.train.TrainOptions;
import dev.rankspark.train.TrainReport;
import java.io.PrintWriter;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code train}: Tevatron's {@code tevatron.reranker.driver.train}. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = "Trains a reranker on groups of one positive and some negative passages a query.",
    footerHeading = "%nExample:%n",
    footer =
        "  rankspark train --model-name-or-path Mistral-7B-v0.1 --lora --dataset-path train.jsonl%n"
            + "    --query-prefix \"query: \" --passage-prefix \"document: \" --rerank-max-len 196%n"
            + "    --bf16 --gradient-checkpointing --train-group-size 16 --learning-rate 1e-4%n"
            + "    --per-device-train-batch-size 16 --gradient-accumulation-steps 4%n"
            + "    --num-train-epochs 1 --save-steps 50 --logging-steps 100 --workers 8%n"
            + "    --output-dir model_rankmistral")
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private BaseMixin base;

  @Mixin private LoraMixin lora;

  @Mixin private HubMixin hub;

  @Mixin private TrainingDataMixin data;

  @Mixin private PromptMixin prompt;

  @Mixin private RateMixin rate;

  @Mixin private AdamWMixin adamW;

  @Mixin private ComputeMixin compute;

  @Mixin private TrainingOutputMixin output;

  @Mixin private EvaluationMixin evaluation;

  @Mixin private QrelsMixin judgements;

  @Mixin private ProgressMixin progress;

  @Option(
      names = "--deepspeed",
      paramLabel = "FILE",
      description = "a DeepSpeed configuration: what it says must agree with the other options")
  private Optional<String> deepspeed;

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    TevatronArguments.check(spec, cases());
    TrainOptions options =
        new TrainOptions(
            base.options(),
            lora.options(),
            data.options(),
            prompt.options(),
            rate.options(),
            adamW.options(),
            compute.options(),
            output.options(evaluation.keepsBest()),
            evaluation.options());
    deepspeed.ifPresent(file -> checkAgreement(file, options, err));
    TrainReport report;
    try (ProgressDisplay display = Commands.progress(spec, progress.isDisabled())) {
      TrainOptions found = hub.showing(display).find(options, judgements);
      report = SparkSessions.with("train", spark -> Train.run(spark, found, err::println, display));
    }
    LossCurve.write(options.output().directory(), report.log(), err);
    err.println(report.summary(options.output().directory()));
    return 0;
  }

  /** What the options ask for that gives others a meaning. */
  private Set<Case> cases() {
    Set<Case> cases = EnumSet.noneOf(Case.class);
    cases.addAll(data.cases());
    cases.addAll(output.cases());
    cases.addAll(evaluation.cases());
    return cases;
  }

  private static void checkAgreement(String file, TrainOptions options, PrintWriter err) {
    List<String> ignored = DeepSpeedConfig.read(file).check(options);
    if (!ignored.isEmpty()) {
      err.println(file + ": without meaning here, ignored: " + String.join(", ", ignored));
    }
  }
}
