package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import dev.rankspark.DeviceException;
import dev.rankspark.OptionException;
import java.io.Serializable;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a model computes on and in, decided once for a whole job so that every executor computes
 * alike.
 *
 * @param cuda whether on a GPU; which one is each executor's own affair, unless {@code index} names
 *     it
 * @param index the GPU that was asked for by number, {@link #ANY} if none was
 * @param dtype the dtype of the weights
 * @param compute the dtype of the arithmetic, for int8 of all but the layers' products; float32
 *     where the device has no float16 arithmetic worth having
 * @param description one line for people: the device, the dtype and why
 */
public record Hardware(boolean cuda, int index, Dtype dtype, Dtype compute, String description)
    implements Serializable {

  /** No GPU was asked for by number. */
  public static final int ANY = -1;

  private static final Pattern DEVICE = Pattern.compile("auto|cpu|cuda(?::(\\d{1,3}))?");

  private static final String[] BFLOAT16_INSTRUCTIONS = {"avx512_bf16", "amx_bf16"};

  /** Checks the spelling of {@code --device}. */
  public static void checkDevice(String device) {
    if (!DEVICE.matcher(device).matches()) {
      throw OptionException.of("--device: expected auto, cpu, cuda or cuda:N, got \"%s\"", device);
    }
  }

  /**
   * Looks at this machine.
   *
   * @param device {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:N}
   * @param asked the dtype asked for; empty for the one that the device does best
   * @throws DeviceException if the device or the dtype is not to be had here; nothing else is taken
   *     in its place
   */
  public static Hardware detect(String device, Optional<Dtype> asked) {
    Matcher matcher = DEVICE.matcher(device);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("unchecked device " + device);
    }
    int gpus = Torch.engine().getGpuCount();
    boolean cuda = device.startsWith("cuda") || (device.equals("auto") && gpus > 0);
    if (!cuda) {
      return onCpu(asked);
    }
    int index = matcher.group(1) == null ? ANY : Integer.parseInt(matcher.group(1));
    if (gpus == 0 || index >= gpus) {
      throw new DeviceException(
          "--device "
              + device
              + ": libtorch sees "
              + (gpus == 0 ? "no CUDA device" : gpus + " CUDA devices, numbered from 0")
              + " on this executor; on GPU machines set PYTORCH_FLAVOR (README, \"GPUs\"), or ask for"
              + " --device cpu");
    }
    return onCuda(index, asked);
  }

  private static Hardware onCpu(Optional<Dtype> asked) {
    boolean fastBfloat16 = CpuFeatures.here().have(BFLOAT16_INSTRUCTIONS);
    Dtype dtype = asked.orElse(fastBfloat16 ? Dtype.BFLOAT16 : Dtype.FLOAT32);
    // libtorch has float16 products on a CPU, many times slower than float32's
    Dtype compute =
        switch (dtype) {
          case FLOAT16 -> Dtype.FLOAT32;
          case INT8 -> fastBfloat16 ? Dtype.BFLOAT16 : Dtype.FLOAT32;
          case FLOAT32, BFLOAT16 -> dtype;
        };
    String why =
        switch (dtype) {
          case FLOAT16 ->
              "float32 arithmetic from the float16 weights, as a CPU has no fast float16";
          case BFLOAT16 ->
              fastBfloat16
                  ? "bfloat16"
                  : "bfloat16, slow here: this CPU has no bfloat16 instructions";
          case INT8 ->
              (CpuFeatures.here().have("avx512_vnni", "avx_vnni", "amx_int8")
                      ? "int8 products"
                      : "int8 products, slow here: this CPU has no instructions for them")
                  + ", the rest in "
                  + compute;
          case FLOAT32 ->
              asked.isPresent() ? "float32" : "float32, as this CPU has no bfloat16 instructions";
        };
    return new Hardware(false, ANY, dtype, compute, "CPU, " + why);
  }

  private static Hardware onCuda(int index, Optional<Dtype> asked) {
    String capability = CudaUtils.getComputeCapability(Math.max(index, 0));
    // bfloat16 came with compute capability 8.0 (Ampere)
    boolean bfloat16 = Integer.parseInt(capability) >= 80;
    Dtype dtype = asked.orElse(bfloat16 ? Dtype.BFLOAT16 : Dtype.FLOAT16);
    if (dtype == Dtype.BFLOAT16 && !bfloat16) {
      throw new DeviceException(
          "--dtype bfloat16: this GPU (compute capability "
              + capability
              + ") has none; it can do float32, float16");
    }
    if (dtype == Dtype.INT8) {
      throw new DeviceException(
          "--dtype int8: only on a CPU (--device cpu); a GPU can do float32, float16"
              + (bfloat16 ? ", bfloat16" : ""));
    }
    String name = index == ANY ? "CUDA device" : "CUDA device " + index;
    return new Hardware(
        true, index, dtype, dtype, name + " (compute capability " + capability + "), " + dtype);
  }

  /**
   * The device of this executor.
   *
   * @param assigned the GPU that Spark assigned to the task ({@code spark.task.resource.gpu}), if
   *     it schedules GPUs
   */
  public Device device(OptionalInt assigned) {
    if (!cuda) {
      return Device.cpu();
    }
    return Device.gpu(index == ANY ? assigned.orElse(0) : index);
  }

  /**
   * Whether oneDNN's own layout of weights is worth having: by it its products are the fastest that
   * libtorch has on a CPU: 1.05 times its products of plain weights, which are twice MKL's (float32
   * on an AMD EPYC; bfloat16 1.1 times either). bfloat16 is packed only where the CPU multiplies it
   * faster than float32; elsewhere {@link Program} has its products computed in float32.
   */
  boolean packsWeights() {
    return !cuda && (compute == Dtype.FLOAT32 || CpuFeatures.here().multiplyBfloat16());
  }

  /** Whether products are those of {@link CpuOperators}, which take weights as they are. */
  boolean splitsFloat32() {
    return !cuda && compute == Dtype.FLOAT32 && CpuOperators.splitFloat32();
  }
}
