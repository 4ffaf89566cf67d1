package dev.rankspark.model;

import ai.djl.engine.EngineException;
import dev.rankspark.DeviceException;
import java.util.List;
import java.util.Locale;

/** The device has no memory left for a batch or a model. Nothing is lost: less may fit. */
public final class DeviceMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * What libtorch says: {@code c10/cuda/CUDACachingAllocator.cpp}, {@code
   * c10/cuda/CUDAException.cpp} where CUDA itself needs memory, {@code c10/core/impl/alloc_cpu.cpp}
   * (two wordings), cuBLAS, which has a workspace of its own, and {@code ATen/MapAllocator.cpp}
   * where a file does not fit into the address space.
   */
  private static final List<String> MESSAGES =
      List.of(
          "CUDA out of memory",
          "CUDA error: out of memory",
          "DefaultCPUAllocator: can't allocate memory",
          "DefaultCPUAllocator: not enough memory",
          "CUBLAS_STATUS_ALLOC_FAILED",
          "Cannot allocate memory (12)");

  public DeviceMemoryException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * What the user is told of a model that does not fit.
   *
   * @param take what to do about it
   */
  public DeviceException ofModel(String model, Hardware hardware, String take) {
    return new DeviceException(
        String.format(
            Locale.ROOT,
            "%s: the device has no memory for this model in %s (%s); take %s or other programs on"
                + " the device",
            model,
            hardware.dtype(),
            getMessage(),
            take),
        this);
  }

  /**
   * What the user is told of texts that do not fit together.
   *
   * @param where in the program's course
   * @param which of the user's texts they are
   * @param take what to do about it
   */
  public DeviceException ofTexts(String where, int texts, int tokens, String which, String take) {
    return new DeviceException(
        String.format(
            Locale.ROOT,
            "%s: the device has no memory for %d texts of %d tokens, %s (%s); take %s",
            where,
            texts,
            tokens,
            which,
            getMessage(),
            take),
        this);
  }

  /** This exception if that is what the engine means, else the engine's own. */
  static RuntimeException of(EngineException e) {
    // The line that says so: TorchScript's traceback stands before it.
    return String.valueOf(e.getMessage())
        .lines()
        .filter(line -> MESSAGES.stream().anyMatch(line::contains))
        .findFirst()
        .<RuntimeException>map(line -> new DeviceMemoryException(line.strip(), e))
        .orElse(e);
  }
}
