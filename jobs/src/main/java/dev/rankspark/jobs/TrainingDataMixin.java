package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.files.InputPaths;
import dev.rankspark.jobs.KnownArgument.Case;
import dev.rankspark.train.GroupChoice;
import dev.rankspark.train.TrainOptions.Data;
import dev.rankspark.train.TrainingPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Option;

/** The options that say what is trained on, and which groups of it make a step. */
final class TrainingDataMixin {
  @Option(
      names = "--dataset-path",
      paramLabel = "FILE",
      description = {
        "training data: JSON lines or Parquet of queries with their positive and negative passages,",
        "in the form of Tevatron, FlagEmbedding or sentence-transformers; globs"
      })
  private List<String> paths = new ArrayList<>();

  @Option(
      names = "--dataset-name",
      paramLabel = "NAME",
      defaultValue = DatasetMixin.JSON,
      description =
          "json (default), or a data set of training data, a folder or a name at the hub, instead of"
              + " --dataset-path")
  private String name;

  @Option(
      names = "--dataset-split",
      paramLabel = "SPLIT",
      defaultValue = DatasetMixin.TRAIN,
      description = "the split of such a data set (default ${DEFAULT-VALUE})")
  private String split;

  @Option(
      names = "--corpus-path",
      paramLabel = "FILE",
      description =
          "passages: JSON lines (docid, title, text), tsv or Parquet; for training data that has"
              + " docids alone; globs")
  private List<String> corpus = new ArrayList<>();

  @Option(
      names = "--train-group-size",
      defaultValue = "" + GroupChoice.DEFAULT_TRAIN_GROUP_SIZE,
      paramLabel = "N",
      description =
          "passages of a group, the positive included, at least 2 (default ${DEFAULT-VALUE})")
  private int groupSize;

  @Option(
      names = "--positive-passage-no-shuffle",
      description = "always take the first positive passage")
  private boolean positiveNoShuffle;

  @Option(
      names = "--negative-passage-no-shuffle",
      description = "always take the first negative passages")
  private boolean negativeNoShuffle;

  @Option(
      names = "--per-device-train-batch-size",
      defaultValue = "8",
      paramLabel = "N",
      description = "groups of a worker's batch (default ${DEFAULT-VALUE})")
  private int batchSize;

  @Option(
      names = "--per-gpu-train-batch-size",
      hidden = true,
      paramLabel = "N",
      description = "the Trainer's older name of --per-device-train-batch-size")
  private Optional<Integer> olderBatchSize;

  @Option(
      names = "--gradient-accumulation-steps",
      defaultValue = "1",
      paramLabel = "N",
      description = "batches of a worker for an optimizer step (default ${DEFAULT-VALUE})")
  private int accumulation;

  @Option(
      names = "--num-train-epochs",
      defaultValue = "" + TrainingPlan.Options.DEFAULT_NUM_TRAIN_EPOCHS,
      paramLabel = "X",
      description = "passes over the data, may be a fraction (default ${DEFAULT-VALUE})")
  private double epochs;

  @Option(
      names = "--max-steps",
      defaultValue = "" + TrainingPlan.Options.BY_EPOCHS,
      paramLabel = "N",
      description = "optimizer steps, instead of --num-train-epochs")
  private int maxSteps;

  @Option(
      names = "--seed",
      defaultValue = "42",
      paramLabel = "N",
      description =
          "of the order, the passages, new weights and dropout (default ${DEFAULT-VALUE})")
  private long seed;

  @Option(
      names = "--data-seed",
      paramLabel = "N",
      description = "of the order alone, in place of --seed")
  private Optional<Long> dataSeed;

  @Option(
      names = "--dataset-shuffle",
      arity = "1",
      defaultValue = "true",
      paramLabel = "BOOL",
      description = "take the groups in another order each epoch (default ${DEFAULT-VALUE})")
  private boolean shuffle;

  @Option(
      names = "--dataloader-drop-last",
      description = "leave the groups of an epoch out that do not fill a batch of every worker")
  private boolean dropLast;

  Data options() {
    InputPaths dataset = DatasetMixin.paths(paths, name, split);
    if (dataset.isEmpty()) {
      throw new OptionException("--dataset-path is missing: what to train on");
    }
    // There, batches of the one size were cut into groups by the other.
    int older = olderBatchSize.orElse(0); // the Trainer's own 0 stands for none
    if (older != 0 && older != batchSize) {
      throw OptionException.of(
          "--per-gpu-train-batch-size: expected the %d of --per-device-train-batch-size, got %d:"
              + " give the latter alone",
          batchSize, older);
    }
    return new Data(
        dataset,
        InputPaths.of("--corpus-path", corpus).holding(InputPaths.Content.CORPUS),
        new GroupChoice(groupSize, positiveNoShuffle, negativeNoShuffle, seed),
        new TrainingPlan.Options(
            batchSize,
            accumulation,
            epochs,
            maxSteps,
            seed,
            shuffle,
            dataSeed.orElse(seed),
            dropLast));
  }

  /** What the options ask for that gives others a meaning. */
  Set<Case> cases() {
    return name.equals(DatasetMixin.JSON) ? Set.of() : Set.of(Case.FOLDER);
  }
}
