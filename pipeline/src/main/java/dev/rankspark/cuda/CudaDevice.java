package dev.rankspark.cuda;

import java.util.Locale;
import java.util.Optional;

/**
 * A GPU, or a slice of one (MIG), as CUDA shows it to this process.
 *
 * @param ordinal CUDA's number for it, which counts what {@code CUDA_VISIBLE_DEVICES} leaves
 * @param name such as {@code NVIDIA A100-SXM4-40GB}
 * @param major the first number of its compute capability
 * @param minor the second
 * @param uuid {@code GPU-...}, of a slice {@code MIG-...}, without that beginning; unknown to old
 *     drivers
 */
public record CudaDevice(int ordinal, String name, int major, int minor, Optional<String> uuid) {
  /** bfloat16 came with compute capability 8.0 (Ampere). */
  public boolean hasBfloat16() {
    return major >= 8;
  }

  /** The device for people. */
  public String description() {
    return String.format(
        Locale.ROOT, "GPU %d, %s (compute capability %d.%d)", ordinal, name, major, minor);
  }
}
