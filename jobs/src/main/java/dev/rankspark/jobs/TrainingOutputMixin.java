package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.jobs.KnownArgument.Case;
import dev.rankspark.train.Interval;
import dev.rankspark.train.Interval.Strategy;
import dev.rankspark.train.TrainOptions.Begin;
import dev.rankspark.train.TrainOptions.Evaluation;
import dev.rankspark.train.TrainOptions.Output;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Option;

/** The options of what a training writes, when, and from where it goes on. */
final class TrainingOutputMixin {
  /** {@code SaveStrategy.BEST} of transformers, which is no interval. */
  private static final String BEST = "best";

  /** In the place of a checkpoint's directory: the newest in the output directory. */
  private static final String NEWEST = "true";

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
      paramLabel = "N",
      description = "keep the newest N checkpoints (default: all)")
  private Optional<Integer> saveTotalLimit;

  @Option(
      names = "--resume-from-checkpoint",
      paramLabel = "DIR",
      description = "go on from this checkpoint; true: from the newest in --output-dir")
  private Optional<String> resumeFrom;

  /**
   * @param keepsBest {@link Evaluation#keepBest}, by which the best states have their checkpoints
   */
  Output options(boolean keepsBest) {
    return new Output(
        outputDir,
        overwrite,
        Interval.of(
            Strategy.of("--logging-strategy", loggingStrategy), "--logging-steps", loggingSteps),
        logsFirstStep,
        Interval.of(saveStrategy(keepsBest), "--save-steps", saveSteps),
        // The Trainer's 0 is no limit.
        saveTotalLimit.filter(limit -> limit != 0).orElse(Output.NO_LIMIT),
        begin());
  }

  private Begin begin() {
    if (resumeFrom.isEmpty()) {
      return new Begin.Anew();
    }
    return resumeFrom.get().equals(NEWEST)
        ? new Begin.Newest()
        : new Begin.Checkpoint(resumeFrom.get());
  }

  private Strategy saveStrategy(boolean keepsBest) {
    if (saveStrategy.equals(BEST)) {
      if (!keepsBest) {
        throw new OptionException("--save-strategy best needs --load-best-model-at-end");
      }
      return Strategy.NO;
    }
    Strategy strategy = Strategy.of("--save-strategy", saveStrategy);
    if (strategy == Strategy.NO && keepsBest) {
      throw new OptionException(
          "--save-strategy no and --load-best-model-at-end exclude each other, as the best is kept"
              + " in a checkpoint; --save-strategy best keeps no others");
    }
    return strategy;
  }

  /** What the options ask for that gives others a meaning. */
  Set<Case> cases() {
    return resumeFrom.isPresent() ? Set.of(Case.RESUMING) : Set.of();
  }
}
