package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.files.InputPaths;
import dev.rankspark.jobs.KnownArgument.Case;
import dev.rankspark.train.Interval;
import dev.rankspark.train.Interval.Strategy;
import dev.rankspark.train.TrainOptions.Evaluation;
import dev.rankspark.train.TrainOptions.Output;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/** The options of what a training writes and measures, and when. */
final class TrainingOutputMixin {
  /** {@code SaveStrategy.BEST} of transformers, which is no interval. */
  private static final String BEST = "best";

  @Option(
      names = "--output-dir",
      required = true,
      paramLabel = "DIR",
      description = "the trained adapter or model, checkpoints, trainer_log.jsonl, loss.png")
  private String outputDir;

  @Option(
      names = "--overwrite-output-dir",
      description = "begin anew in a directory that holds an older training")
  private boolean overwrite;

  @Option(
      names = "--logging-strategy",
      defaultValue = "steps",
      paramLabel = "WHEN",
      description = "lines of the log: steps, epoch or no (default ${DEFAULT-VALUE})")
  private String loggingStrategy;

  @Option(
      names = "--logging-steps",
      defaultValue = "" + Output.DEFAULT_LOGGING_STEPS,
      paramLabel = "X",
      description =
          "a line of the log every X steps; below 1, a part of all steps (default ${DEFAULT-VALUE})")
  private double loggingSteps;

  @Option(names = "--logging-first-step", description = "a line of the log for the first step too")
  private boolean logsFirstStep;

  @Option(
      names = "--save-strategy",
      defaultValue = "steps",
      paramLabel = "WHEN",
      description =
          "checkpoints: steps or epoch, and at the end; best, with --load-best-model-at-end; or no"
              + " (default ${DEFAULT-VALUE})")
  private String saveStrategy;

  @Option(
      names = "--save-steps",
      defaultValue = "" + Output.DEFAULT_SAVE_STEPS,
      paramLabel = "X",
      description =
          "a checkpoint every X steps; below 1, a part of all steps (default ${DEFAULT-VALUE})")
  private double saveSteps;

  @Option(
      names = "--save-total-limit",
      defaultValue = "0",
      paramLabel = "N",
      description = "keep the newest N checkpoints (default: all)")
  private int saveTotalLimit;

  @Option(
      names = "--resume-from-checkpoint",
      paramLabel = "DIR",
      description = "go on from this checkpoint; true: from the newest in --output-dir")
  private String resumeFrom;

  @Option(
      names = "--eval-dataset-path",
      paramLabel = "FILE",
      description = "rerank input to evaluate on while training; globs")
  private List<String> evalDataset = new ArrayList<>();

  @Option(
      names = "--eval-qrels",
      paramLabel = "FILE",
      description = "its judgements; nDCG@10 goes into the log")
  private String evalQrels;

  @Option(
      names = {"--eval-strategy", "--evaluation-strategy"},
      paramLabel = "WHEN",
      description = "evaluate by steps or epoch, and at the end (default with these: steps)")
  private String evalStrategy;

  @Option(
      names = "--eval-steps",
      defaultValue = "" + Output.DEFAULT_SAVE_STEPS,
      paramLabel = "X",
      description =
          "evaluate every X steps; below 1, a part of all steps (default ${DEFAULT-VALUE})")
  private double evalSteps;

  @Option(
      names = "--load-best-model-at-end",
      description = "the result is the best of the evaluated states")
  private boolean keepBest;

  Output options() {
    return new Output(
        outputDir,
        overwrite,
        Interval.of(
            Strategy.of("--logging-strategy", loggingStrategy), "--logging-steps", loggingSteps),
        logsFirstStep,
        Interval.of(saveStrategy(), "--save-steps", saveSteps),
        saveTotalLimit,
        resumeFrom);
  }

  /** The best states have their checkpoints by {@link Evaluation#keepBest}. */
  private Strategy saveStrategy() {
    if (saveStrategy.equals(BEST)) {
      if (!keepBest) {
        throw new OptionException("--save-strategy best needs --load-best-model-at-end");
      }
      return Strategy.NO;
    }
    Strategy strategy = Strategy.of("--save-strategy", saveStrategy);
    if (strategy == Strategy.NO && keepBest) {
      throw new OptionException(
          "--save-strategy no and --load-best-model-at-end exclude each other, as the best is kept"
              + " in a checkpoint; --save-strategy best keeps no others");
    }
    return strategy;
  }

  /** Null for none. */
  Evaluation evaluation() {
    Strategy strategy = evalStrategy == null ? null : Strategy.of("--eval-strategy", evalStrategy);
    if (evalDataset.isEmpty() && evalQrels == null) {
      if (keepBest) {
        throw new OptionException(
            "--load-best-model-at-end needs --eval-dataset-path and --eval-qrels");
      }
      if (strategy != null && strategy != Strategy.NO) {
        throw OptionException.of(
            "--eval-strategy %s needs --eval-dataset-path and --eval-qrels", evalStrategy);
      }
      return null;
    }
    if (evalDataset.isEmpty() || evalQrels == null) {
      throw OptionException.of(
          "%s is missing: an evaluation needs --eval-dataset-path and --eval-qrels",
          evalQrels == null ? "--eval-qrels" : "--eval-dataset-path");
    }
    if (strategy == Strategy.NO) {
      throw new OptionException("--eval-strategy no and --eval-dataset-path exclude each other");
    }
    return new Evaluation(
        InputPaths.of("--eval-dataset-path", evalDataset),
        evalQrels,
        Interval.of(strategy == null ? Strategy.STEPS : strategy, "--eval-steps", evalSteps),
        keepBest);
  }

  String directory() {
    return outputDir;
  }

  /** What the options ask for that gives others a meaning. */
  Set<Case> cases() {
    Set<Case> cases = EnumSet.noneOf(Case.class);
    if (!evalDataset.isEmpty()) {
      cases.add(Case.EVALUATING);
    }
    if (resumeFrom != null) {
      cases.add(Case.RESUMING);
    }
    return cases;
  }
}
