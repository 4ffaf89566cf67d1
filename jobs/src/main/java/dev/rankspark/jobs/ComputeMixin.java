package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.model.Dtype;
import dev.rankspark.train.TrainOptions.Compute;
import java.time.Duration;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of what a training computes where. */
final class ComputeMixin {
  @Option(names = "--bf16", description = "frozen weights and products in bfloat16")
  private boolean bf16;

  @Option(
      names = "--fp16",
      description = "frozen weights rounded to float16; on a CPU computed in float32")
  private boolean fp16;

  @Mixin private DeviceMixin device;

  @Option(
      names = "--gradient-checkpointing",
      description = "less memory: compute a layer's inner states twice")
  private boolean checkpointing;

  @Option(
      names = "--workers",
      defaultValue = "1",
      paramLabel = "N",
      description = "tasks that share each step's groups (default ${DEFAULT-VALUE})")
  private int workers;

  @Option(
      names = "--ddp-timeout",
      defaultValue = "" + Compute.DEFAULT_TIMEOUT,
      paramLabel = "SECONDS",
      description = {
        "how long a worker waits for a silent one: longer than any computes between two sums;",
        "a dead one is noticed at once (default ${DEFAULT-VALUE})"
      })
  private int timeout;

  Compute options() {
    return new Compute(
        dtype(), device.device(), checkpointing, workers, Duration.ofSeconds(timeout));
  }

  private Dtype dtype() {
    if (bf16 && fp16) {
      throw new OptionException("--bf16 and --fp16 exclude each other");
    }
    return bf16 ? Dtype.BFLOAT16 : fp16 ? Dtype.FLOAT16 : Dtype.FLOAT32;
  }
}
