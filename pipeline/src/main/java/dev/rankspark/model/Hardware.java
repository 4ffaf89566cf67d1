package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.engine.StandardCapabilities;
import dev.rankspark.DeviceException;
import dev.rankspark.OptionException;
import dev.rankspark.cuda.CudaDevice;
import dev.rankspark.cuda.CudaMachine;
import dev.rankspark.files.Platform;
import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
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
   * Looks at this machine for a dtype that was asked for.
   *
   * @param device {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:N}, by CUDA's numbers
   * @throws DeviceException if the device or the dtype is not to be had here; nothing else is taken
   *     in its place
   */
  public static Hardware detect(String device, Dtype asked) {
    return detect(device, Optional.of(asked), remark -> onCpu(asked, remark));
  }

  /**
   * @param onCpu what is taken of a CPU, with a remark for people
   */
  static Hardware detect(String device, Optional<Dtype> asked, Function<String, Hardware> onCpu) {
    Matcher matcher = DEVICE.matcher(device);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("unchecked device " + device);
    }
    if (device.equals("cpu")) {
      Torch.engine();
      return onCpu.apply("");
    }
    CudaMachine cuda = CudaMachine.here();
    if (device.equals("auto") && cuda.devices().isEmpty()) {
      Torch.engine();
      // A GPU that lies idle is said.
      return onCpu.apply(cuda.hasDevices() ? " (no GPU: " + cuda.problem().orElse("") + ")" : "");
    }
    int index = matcher.group(1) == null ? ANY : Integer.parseInt(matcher.group(1));
    String option = "--device " + device;
    CudaDevice first = cuda.device(Math.max(index, 0), option);
    if (!Torch.engine().hasCapability(StandardCapabilities.CUDA)) {
      throw new DeviceException(
          option
              + ": NVIDIA's driver shows "
              + first.description()
              + ", libtorch's CUDA sees none; "
              + "see what nvidia-smi says, or ask for --device cpu");
    }
    return onCuda(index, index == ANY ? cuda.devices() : List.of(first), asked);
  }

  private static Hardware onCpu(Dtype dtype, String remark) {
    boolean fastBfloat16 = CpuFeatures.here().have(BFLOAT16_INSTRUCTIONS);
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
          case FLOAT32 -> "float32";
        };
    return new Hardware(false, ANY, dtype, compute, "CPU, " + why + remark);
  }

  /**
   * @param devices those that tasks may compute on: what is chosen is right for all of them
   */
  static Hardware onCuda(int index, List<CudaDevice> devices, Optional<Dtype> asked) {
    CudaDevice least =
        devices.stream()
            .min(Comparator.comparing(CudaDevice::major).thenComparing(CudaDevice::minor))
            .orElseThrow();
    Dtype dtype = asked.orElse(least.hasBfloat16() ? Dtype.BFLOAT16 : Dtype.FLOAT16);
    check(least, dtype);
    return new Hardware(
        true,
        index,
        dtype,
        dtype,
        (index == ANY ? "CUDA device" : "CUDA device " + index)
            + " ("
            + least.name()
            + ", compute capability "
            + least.major()
            + "."
            + least.minor()
            + "), "
            + dtype);
  }

  private static void check(CudaDevice device, Dtype dtype) {
    if (dtype == Dtype.BFLOAT16 && !device.hasBfloat16()) {
      throw new DeviceException(
          "--dtype bfloat16: " + device.description() + " has none; it can do float32, float16");
    }
    if (dtype == Dtype.INT8) {
      throw new DeviceException(
          "--dtype int8: only on a CPU (--device cpu); a GPU can do float32, float16"
              + (device.hasBfloat16() ? ", bfloat16" : ""));
    }
  }

  /**
   * The device of this executor.
   *
   * @param assigned the GPU that Spark assigned to the task ({@code spark.task.resource.gpu}), if
   *     it schedules GPUs
   * @throws DeviceException if this executor does not have it, or it does not know the dtype that
   *     another executor's does
   */
  public Device device(Optional<String> assigned) {
    return cuda ? cudaDevice(assigned, CudaMachine.here()) : Device.cpu();
  }

  Device cudaDevice(Optional<String> assigned, CudaMachine machine) {
    Optional<Integer> ofSpark = assigned.map(machine::ordinal);
    if (index != ANY && ofSpark.isPresent() && ofSpark.get() != index) {
      throw new DeviceException(
          "--device cuda:"
              + index
              + ": Spark assigned GPU "
              + ofSpark.get()
              + " to this task; ask for --device cuda, and every task takes the one that it is"
              + " assigned");
    }
    int ordinal = index == ANY ? ofSpark.orElse(0) : index;
    check(machine.device(ordinal, "--device cuda:" + ordinal), dtype);
    return Device.gpu(ordinal);
  }

  /**
   * Whether oneDNN's own layout of weights is worth having: by it its products are the fastest that
   * libtorch has on a CPU: 1.05 times its products of plain weights, which are twice MKL's (float32
   * on an AMD EPYC; bfloat16 1.1 times either). bfloat16 is packed only where the CPU multiplies it
   * faster than float32; elsewhere {@link Program} has its products computed in float32.
   */
  boolean packsWeights() {
    return hasOneDnn() && (compute == Dtype.FLOAT32 || CpuFeatures.here().multiplyBfloat16());
  }

  /**
   * Whether oneDNN has products of this arithmetic: in float32 wherever it is, which is not on
   * macOS, and in bfloat16 with AVX512.
   */
  boolean hasOneDnn() {
    return !cuda
        && !Platform.here().isMacos()
        && (compute == Dtype.FLOAT32 || CpuFeatures.here().haveAvx512());
  }

  /** Whether products are those of {@link CpuOperators}, which take weights as they are. */
  boolean splitsFloat32() {
    return !cuda && compute == Dtype.FLOAT32 && CpuOperators.splitFloat32();
  }
}
