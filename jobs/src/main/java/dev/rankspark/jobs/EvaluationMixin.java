package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.files.InputPaths;
import dev.rankspark.jobs.KnownArgument.Case;
import dev.rankspark.train.Interval;
import dev.rankspark.train.Interval.Strategy;
import dev.rankspark.train.TrainOptions.Evaluation;
import dev.rankspark.train.TrainOptions.Output;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Option;

/** The options of what is measured while training. */
final class EvaluationMixin {
  @Option(
      names = "--eval-dataset-path",
      paramLabel = "FILE",
      description = "rerank input to evaluate on while training; globs")
  private List<String> dataset = new ArrayList<>();

  @Option(
      names = "--eval-qrels",
      paramLabel = "FILE",
      description = "its judgements, a file or a name; nDCG@10 goes into the log")
  private Optional<String> qrels;

  @Option(
      names = {"--eval-strategy", "--evaluation-strategy"},
      paramLabel = "WHEN",
      description = "evaluate by steps or epoch, and at the end (default with these: steps)")
  private Optional<String> strategy;

  @Option(
      names = "--eval-steps",
      defaultValue = "" + Output.DEFAULT_SAVE_STEPS,
      paramLabel = "X",
      description =
          "evaluate every X steps; below 1, a part of all steps (default ${DEFAULT-VALUE})")
  private double steps;

  @Option(
      names = "--load-best-model-at-end",
      description = "the result is the best of the evaluated states")
  private boolean keepsBest;

  Optional<Evaluation> options() {
    Optional<Strategy> asked = strategy.map(word -> Strategy.of("--eval-strategy", word));
    if (dataset.isEmpty() && qrels.isEmpty()) {
      if (keepsBest) {
        throw new OptionException(
            "--load-best-model-at-end needs --eval-dataset-path and --eval-qrels");
      }
      if (asked.isPresent() && asked.get() != Strategy.NO) {
        throw OptionException.of(
            "--eval-strategy %s needs --eval-dataset-path and --eval-qrels", strategy.get());
      }
      return Optional.empty();
    }
    if (dataset.isEmpty() || qrels.isEmpty()) {
      throw OptionException.of(
          "%s is missing: an evaluation needs --eval-dataset-path and --eval-qrels",
          qrels.isEmpty() ? "--eval-qrels" : "--eval-dataset-path");
    }
    Strategy used = asked.orElse(Strategy.STEPS);
    if (used == Strategy.NO) {
      throw new OptionException("--eval-strategy no and --eval-dataset-path exclude each other");
    }
    return Optional.of(
        new Evaluation(
            InputPaths.of("--eval-dataset-path", dataset),
            qrels.get(),
            Interval.of(used, "--eval-steps", steps),
            keepsBest));
  }

  /** {@code --load-best-model-at-end}. */
  boolean keepsBest() {
    return keepsBest;
  }

  /** What the options ask for that gives others a meaning. */
  Set<Case> cases() {
    return dataset.isEmpty() ? Set.of() : Set.of(Case.EVALUATING);
  }
}
