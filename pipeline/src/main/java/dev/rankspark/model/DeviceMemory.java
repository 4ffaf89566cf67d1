package dev.rankspark.model;

import ai.djl.Device;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.cuda.CudaMachine;
import dev.rankspark.cuda.CudaMemory;
import java.util.Collection;
import java.util.Locale;

/** Whether a model can fit at all, said before gigabytes are read for nothing. */
final class DeviceMemory {
  private DeviceMemory() {}

  /**
   * Compares what a model's weights take with what a GPU has left. On a CPU nothing is compared:
   * weights may be mapped from their files there, and what is free is not known.
   *
   * @throws DeviceMemoryException if they do not fit; that they fit promises nothing for batches
   */
  static void check(Collection<Weight> weights, Dtype dtype, Device device) {
    if (device.isGpu()) {
      check(
          bytes(weights, dtype),
          CudaMachine.here().memory(device.getDeviceId()),
          device.toString());
    }
  }

  static void check(long needed, CudaMemory memory, String device) {
    if (needed > memory.free()) {
      throw new DeviceMemoryException(
          String.format(
              Locale.ROOT,
              "its weights take %s, %s has %s free of %s",
              gigabytes(needed),
              device,
              gigabytes(memory.free()),
              gigabytes(memory.total())),
          null);
    }
  }

  /** What weights take in a dtype that a GPU has. */
  static long bytes(Collection<Weight> weights, Dtype dtype) {
    int each = dtype == Dtype.FLOAT32 ? Float.BYTES : Short.BYTES;
    return each * weights.stream().mapToLong(weight -> weight.stored().elements()).sum();
  }

  private static String gigabytes(long bytes) {
    return String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
  }
}
