package dev.rankspark.jobs;

import dev.rankspark.model.TrainableEncoder.AdamW;
import picocli.CommandLine.Option;

/** The options of AdamW and the clipping of gradients. */
final class AdamWMixin {
  @Option(
      names = "--weight-decay",
      defaultValue = "0",
      paramLabel = "X",
      description = "AdamW's (default ${DEFAULT-VALUE})")
  private double weightDecay;

  @Option(
      names = "--max-grad-norm",
      defaultValue = "1",
      paramLabel = "X",
      description = "scale gradients down to this norm; 0 never (default ${DEFAULT-VALUE})")
  private double maxGradNorm;

  @Option(
      names = "--adam-beta1",
      defaultValue = "0.9",
      paramLabel = "X",
      description = "(default ${DEFAULT-VALUE})")
  private double beta1;

  @Option(
      names = "--adam-beta2",
      defaultValue = "0.999",
      paramLabel = "X",
      description = "(default ${DEFAULT-VALUE})")
  private double beta2;

  @Option(
      names = "--adam-epsilon",
      defaultValue = "1e-8",
      paramLabel = "X",
      description = "(default ${DEFAULT-VALUE})")
  private double epsilon;

  AdamW options() {
    return new AdamW(beta1, beta2, epsilon, weightDecay, maxGradNorm);
  }
}
