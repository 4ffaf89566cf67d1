package dev.rankspark.model;

import dev.rankspark.DeviceException;
import java.util.Optional;

/** What to compute a model on and in where the dtype may be left to us. */
public final class BestHardware {
  private BestHardware() {}

  /**
   * Looks at this machine.
   *
   * @param device as of {@link Hardware#detect}
   * @param asked the dtype asked for; empty for the one that the device does best
   * @param config of the model: a CPU's best is that for its width and its memory
   * @param threads libtorch's threads
   * @throws DeviceException if the device or the dtype is not to be had here; nothing else is taken
   *     in its place
   */
  public static Hardware detect(
      String device, Optional<Dtype> asked, DecoderConfig config, int threads) {
    return asked.isPresent()
        ? Hardware.detect(device, asked.get())
        : Hardware.detect(device, asked, remark -> onCpu(config, threads, remark));
  }

  private static Hardware onCpu(DecoderConfig config, int threads, String remark) {
    CpuDtype.Choice best = CpuDtype.best(config, threads);
    String description = "CPU, " + best.dtype() + " (" + best.why() + ")" + remark;
    return new Hardware(/* cuda= */ false, Hardware.ANY, best.dtype(), best.dtype(), description);
  }
}
