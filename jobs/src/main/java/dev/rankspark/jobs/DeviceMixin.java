package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import picocli.CommandLine.Option;

/** Which device computes. */
final class DeviceMixin {
  private static final String AUTO = "auto";
  private static final String CPU = "cpu";

  @Option(
      names = "--device",
      defaultValue = AUTO,
      paramLabel = "DEVICE",
      description = "auto, cpu, cuda or cuda:N (default ${DEFAULT-VALUE})")
  private String device;

  @Option(
      names = {"--use-cpu", "--no-cuda"},
      description = "--device cpu")
  private boolean cpu;

  String device() {
    if (!cpu) {
      return device;
    }
    if (!device.equals(AUTO) && !device.equals(CPU)) {
      throw OptionException.of("--device %s and --use-cpu exclude each other", device);
    }
    return CPU;
  }
}
