package dev.rankspark.jobs;

import dev.rankspark.train.LearningRate.Schedule;
import dev.rankspark.train.TrainOptions.Rate;
import picocli.CommandLine.Option;

/** The options of the learning rate's course. */
final class RateMixin {
  @Option(
      names = "--learning-rate",
      defaultValue = "" + Rate.DEFAULT_PEAK,
      paramLabel = "X",
      description = "(default ${DEFAULT-VALUE})")
  private double peak;

  @Option(
      names = "--warmup-ratio",
      defaultValue = "0",
      paramLabel = "X",
      description = "part of all steps in which the rate rises (default ${DEFAULT-VALUE})")
  private double warmupRatio;

  @Option(
      names = "--warmup-steps",
      defaultValue = "0",
      paramLabel = "N",
      description = "steps in which the rate rises, instead of --warmup-ratio")
  private int warmupSteps;

  @Option(
      names = "--lr-scheduler-type",
      defaultValue = "linear",
      paramLabel = "TYPE",
      description = "linear, cosine, constant or constant_with_warmup (default ${DEFAULT-VALUE})")
  private String schedule;

  Rate options() {
    return new Rate(peak, Schedule.of(schedule), warmupSteps, warmupRatio);
  }
}
