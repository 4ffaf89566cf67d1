package dev.rankspark.train;

import dev.rankspark.OptionException;
import java.io.Serializable;
import java.util.SplittableRandom;

/**
 * Which groups make an optimizer step, and which worker computes them when: a function of the
 * options and the numbers of items and workers alone, so that a resumed run goes on with the groups
 * that are left.
 *
 * <p>An epoch takes the items in an order of its own, {@code torch.randperm} seeded with {@code
 * data seed + epoch}, as accelerate's {@code SeedableRandomSampler} gives them to Hugging Face's
 * Trainer. Runs of {@code perDeviceTrainBatchSize} items of that order are batches and go to the
 * workers in turn, as accelerate's {@code BatchSamplerShard} deals them; every {@code
 * gradientAccumulationSteps} batches of each worker make a step. A step is thus a run of {@code
 * batch size * workers * accumulation} items of the epoch's order: with as many workers more as
 * accumulation is less, each step has the same groups.
 *
 * <p>What does not divide evenly differs from the reference. There, accelerate fills the last batch
 * and the last worker up with items of the epoch's beginning, which are trained on twice, and the
 * Trainer counts the steps of an epoch rounding down ({@code len(dataloader) //
 * gradient_accumulation_steps}), so that it stops before the last epochs are done. Here the rest of
 * an epoch is a step of its own, smaller, in which some workers may have nothing to do, and nothing
 * is repeated. With {@code --dataloader-drop-last} an epoch has whole batches of all workers alone,
 * as there, and what is left of them is still a step. Each group of a step weighs 1 / {@link
 * #groupsOfStep} of it, wherever it is computed.
 *
 * @param items in the training set, at least 1
 * @param workers {@code --workers}
 */
public record TrainingPlan(int items, int workers, Options options) implements Serializable {

  /**
   * The options that a plan follows.
   *
   * @param perDeviceTrainBatchSize {@code --per-device-train-batch-size}: groups a batch
   * @param gradientAccumulationSteps {@code --gradient-accumulation-steps}: batches of each worker
   *     a step
   * @param numTrainEpochs {@code --num-train-epochs}: may be a fraction; of its steps, rounded up
   * @param maxSteps {@code --max-steps}: if positive, so many steps, whatever the epochs
   * @param seed {@code --seed}
   * @param datasetShuffle {@code --dataset-shuffle}; otherwise every epoch takes the items in order
   * @param dataSeed {@code --data-seed}: of the items' order, in place of {@code seed}
   * @param dropLast {@code --dataloader-drop-last}: leave the items of an epoch out that do not
   *     fill a batch of every worker
   */
  public record Options(
      int perDeviceTrainBatchSize,
      int gradientAccumulationSteps,
      double numTrainEpochs,
      int maxSteps,
      long seed,
      boolean datasetShuffle,
      long dataSeed,
      boolean dropLast)
      implements Serializable {

    /** The Trainer's default of {@code --num-train-epochs}. */
    public static final double DEFAULT_NUM_TRAIN_EPOCHS = 3;

    /** The Trainer's default of {@code --max-steps}: as many as the epochs have. */
    public static final int BY_EPOCHS = -1;

    public Options {
      if (perDeviceTrainBatchSize < 1) {
        throw OptionException.of(
            "--per-device-train-batch-size: expected at least 1, got %d", perDeviceTrainBatchSize);
      }
      if (gradientAccumulationSteps < 1) {
        throw OptionException.of(
            "--gradient-accumulation-steps: expected at least 1, got %d",
            gradientAccumulationSteps);
      }
      if (!(numTrainEpochs > 0 && numTrainEpochs < Double.POSITIVE_INFINITY)) {
        throw OptionException.of(
            "--num-train-epochs: expected a number above 0, got %s", numTrainEpochs);
      }
      GroupChoice.checkSeed("--seed", seed);
      GroupChoice.checkSeed("--data-seed", dataSeed);
    }

    /** The Trainer's defaults of what orders the items: {@code seed}, and none left out. */
    public Options(
        int perDeviceTrainBatchSize,
        int gradientAccumulationSteps,
        double numTrainEpochs,
        int maxSteps,
        long seed,
        boolean datasetShuffle) {
      this(
          perDeviceTrainBatchSize,
          gradientAccumulationSteps,
          numTrainEpochs,
          maxSteps,
          seed,
          datasetShuffle,
          /* dataSeed= */ seed,
          /* dropLast= */ false);
    }
  }

  /**
   * Where a group is computed.
   *
   * @param step the optimizer step, from 1
   * @param rank the worker, from 0
   * @param micro which of the worker's batches in that step, from 0
   * @param slot where in the batch, from 0
   */
  public record Place(int step, int rank, int micro, int slot) implements Serializable {}

  public TrainingPlan {
    if (items < 1) {
      throw new IllegalArgumentException("expected at least 1 item, got " + items);
    }
    if (workers < 1) {
      throw OptionException.of("--workers: expected at least 1, got %d", workers);
    }
    double perStep =
        (double) options.perDeviceTrainBatchSize * workers * options.gradientAccumulationSteps;
    if (perStep > Integer.MAX_VALUE) {
      throw OptionException.of(
          "--per-device-train-batch-size: expected at most 2147483647 groups a step, got %d of %d"
              + " workers with --gradient-accumulation-steps %d",
          options.perDeviceTrainBatchSize, workers, options.gradientAccumulationSteps);
    }
    if (groupsPerEpoch(items, workers, options) == 0) {
      throw OptionException.of(
          "--dataloader-drop-last: nothing is left of %,d items, as a batch of %d on each of %d"
              + " workers is larger",
          items, options.perDeviceTrainBatchSize, workers);
    }
    if (steps(items, workers, options) > Integer.MAX_VALUE) {
      throw OptionException.of(
          "--num-train-epochs: expected at most 2147483647 steps, got %s epochs of %d",
          options.numTrainEpochs, stepsPerEpoch(items, workers, options));
    }
  }

  /** Optimizer steps of the whole training. */
  int steps() {
    return (int) steps(items, workers, options);
  }

  /** Optimizer steps of a whole epoch. */
  int stepsPerEpoch() {
    return stepsPerEpoch(items, workers, options);
  }

  /** Items that have a turn in an epoch: all, but for those that are left out. */
  int groupsPerEpoch() {
    return groupsPerEpoch(items, workers, options);
  }

  /**
   * Whether an epoch, or the whole training, ends with this step.
   *
   * @param step from 1
   */
  boolean endsEpoch(int step) {
    return step % stepsPerEpoch() == 0 || step == steps();
  }

  /** Epochs that are begun; the last may be cut short. */
  int epochs() {
    return (steps() - 1) / stepsPerEpoch() + 1;
  }

  /**
   * The epoch that a step belongs to, from 0.
   *
   * @param step from 1
   */
  int epochOfStep(int step) {
    return (step - 1) / stepsPerEpoch();
  }

  /**
   * Groups of a step over all workers, at least 1: what its sum of losses is divided by.
   *
   * @param step from 1
   */
  int groupsOfStep(int step) {
    long before = stepInEpoch(step) * groupsPerStep(workers, options);
    return (int) Math.min(groupsPerEpoch() - before, groupsPerStep(workers, options));
  }

  /**
   * The epoch after a step as the Trainer logs it: whole epochs, and the part of the worker's
   * batches that is done.
   *
   * @param step from 1
   */
  double epochAfter(int step) {
    long batches = ceilDiv(groupsPerEpoch(), (long) options.perDeviceTrainBatchSize * workers);
    long done = Math.min((stepInEpoch(step) + 1) * options.gradientAccumulationSteps, batches);
    return epochOfStep(step) + (double) done / batches;
  }

  /**
   * Where each item stands in an epoch's order, by item number: n numbers from 0. Those from {@link
   * #groupsPerEpoch} on have no turn.
   *
   * @param epoch from 0
   */
  int[] positions(int epoch) {
    int[] positions = new int[items];
    int[] order = order(epoch);
    for (int position = 0; position < items; position++) {
      positions[order[position]] = position;
    }
    return positions;
  }

  private int[] order(int epoch) {
    if (options.datasetShuffle) {
      return TorchPermutation.of(items, options.dataSeed + epoch);
    }
    int[] order = new int[items];
    for (int i = 0; i < items; i++) {
      order[i] = i;
    }
    return order;
  }

  /**
   * A group's number in the order of training. Every step has as many numbers, so that a number
   * tells its place; the last step of an epoch may leave some out.
   *
   * @param epoch from 0
   * @param position in the epoch's order, of {@link #positions}, below {@link #groupsPerEpoch}
   */
  long serial(int epoch, int position) {
    return firstSerial((long) epoch * stepsPerEpoch() + 1) + position;
  }

  /**
   * The least number that a group of this step can have.
   *
   * @param step from 1
   */
  long firstSerial(long step) {
    return (step - 1) * groupsPerStep(workers, options);
  }

  /** The place of the group of this number. */
  Place place(long serial) {
    long ofAllWorkers = (long) options.perDeviceTrainBatchSize * workers;
    long perStep = groupsPerStep(workers, options);
    long inStep = serial % perStep;
    return new Place(
        (int) (serial / perStep) + 1,
        rank(serial),
        (int) (inStep / ofAllWorkers),
        (int) (inStep % options.perDeviceTrainBatchSize));
  }

  /**
   * The seed of a group's dropout, 0 to 2^31 - 1: of its number and {@code --seed}, so that it does
   * not depend on the number of workers.
   */
  int dropoutSeed(Place place) {
    long inStep =
        ((long) place.micro * workers + place.rank) * options.perDeviceTrainBatchSize + place.slot;
    // SplitMix64 (Steele et al., 2014), whose outputs of neighbouring seeds are unlike.
    SplittableRandom random =
        new SplittableRandom(options.seed << 32 ^ (firstSerial(place.step) + inStep));
    return random.nextInt() & Integer.MAX_VALUE;
  }

  /** The epoch of the group of this number. */
  int epoch(long serial) {
    return (int) (serial / firstSerial(stepsPerEpoch() + 1L));
  }

  /** The worker that computes the group of this number. */
  int rank(long serial) {
    return (int) (serial / options.perDeviceTrainBatchSize % workers);
  }

  private long stepInEpoch(int step) {
    return (step - 1L) % stepsPerEpoch();
  }

  /** Of a whole step. */
  private static long groupsPerStep(int workers, Options options) {
    return (long) options.perDeviceTrainBatchSize * workers * options.gradientAccumulationSteps;
  }

  private static int stepsPerEpoch(int items, int workers, Options options) {
    return (int) ceilDiv(groupsPerEpoch(items, workers, options), groupsPerStep(workers, options));
  }

  private static int groupsPerEpoch(int items, int workers, Options options) {
    long batches = (long) options.perDeviceTrainBatchSize * workers;
    return options.dropLast ? (int) (items - items % batches) : items;
  }

  private static double steps(int items, int workers, Options options) {
    return options.maxSteps > 0
        ? options.maxSteps
        : Math.ceil(options.numTrainEpochs * stepsPerEpoch(items, workers, options));
  }

  private static long ceilDiv(long dividend, long divisor) {
    return (dividend + divisor - 1) / divisor;
  }
}
