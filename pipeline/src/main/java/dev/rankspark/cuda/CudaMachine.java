package dev.rankspark.cuda;

import dev.rankspark.DeviceException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What this process can compute on by CUDA, found before libtorch is loaded: its devices, or the
 * first thing that is missing and what to do about it.
 */
public final class CudaMachine {
  private static CudaMachine here;

  private final CudaDriver driver;
  private final List<CudaDevice> devices;
  private final Optional<String> visible;
  private final String problem;

  private CudaMachine(
      CudaDriver driver, List<CudaDevice> devices, Optional<String> visible, String problem) {
    this.driver = driver;
    this.devices = devices;
    this.visible = visible;
    this.problem = problem;
  }

  /**
   * Looks once; neither the environment nor the driver changes while a process lives.
   *
   * @throws DeviceException as of {@link Libtorch#prepare}
   */
  public static synchronized CudaMachine here() {
    if (here == null) {
      here = look(Libtorch.environment(), CudaDriver.LIBRARY);
    }
    return here;
  }

  static CudaMachine look(Map<String, String> environment, String library) {
    Libtorch libtorch = Libtorch.find(environment);
    Optional<String> visible = Optional.ofNullable(environment.get(VisibleDevices.VARIABLE));
    CudaDriver driver;
    try {
      driver = CudaDriver.load(library);
    } catch (UnsatisfiedLinkError e) {
      return new CudaMachine(
          null,
          List.of(),
          visible,
          "no NVIDIA driver is found here ("
              + CudaDriver.LIBRARY
              + "); install it, or start the container with its GPUs (docker --gpus all)");
    }
    List<CudaDevice> devices;
    int version;
    try {
      version = driver.version();
      devices = driver.devices();
    } catch (CudaDriver.Failure e) {
      return new CudaMachine(driver, List.of(), visible, failed(e, visible));
    }
    return new CudaMachine(
        driver,
        devices,
        visible,
        devices.isEmpty()
            ? noDevice(visible)
            : libtorchProblem(libtorch, version, environment).orElse(null));
  }

  private static String failed(CudaDriver.Failure failure, Optional<String> visible) {
    String hint =
        switch (failure.code()) {
          case CudaDriver.NO_DEVICE -> null;
          case 34 -> "this libcuda.so.1 is the toolkit's stub; take it off LD_LIBRARY_PATH";
          case 802 -> "wait for the GPUs, or start NVIDIA's Fabric Manager";
          case 803 -> "its library and its kernel module are of two versions; restart the machine";
          default -> "see what nvidia-smi says";
        };
    return hint == null
        ? noDevice(visible)
        : "NVIDIA's driver does not start: " + failure.getMessage() + "; " + hint;
  }

  private static String noDevice(Optional<String> visible) {
    return visible
        .map(
            list ->
                VisibleDevices.VARIABLE
                    + "=\""
                    + list
                    + "\" leaves no GPU; unset it, or name GPUs that \"nvidia-smi -L\" lists")
        .orElse(
            "NVIDIA's driver shows no GPU; \"nvidia-smi -L\" lists those of the machine, a container"
                + " has those that it is started with (docker --gpus all)");
  }

  private static Optional<String> libtorchProblem(
      Libtorch libtorch, int version, Map<String, String> environment) {
    if (!libtorch.forCuda()) {
      return Optional.of(
          "the libtorch "
              + libtorch.folder().map(folder -> "in " + folder).orElse("of the jar")
              + " is one for CPUs; set "
              + Libtorch.LIBRARY_PATH
              + " to the torch/lib of a pip torch "
              + Libtorch.djlVersion()
              + " (docs/gpu.md)"
              + (libtorch.folder().isEmpty() && environment.containsKey(Libtorch.FLAVOR)
                  ? ", " + Libtorch.FLAVOR + " alone brings none"
                  : ""));
    }
    if ("cpu".equals(environment.get(Libtorch.FLAVOR))) {
      return Optional.of(Libtorch.FLAVOR + "=cpu asks for DJL's part for CPUs; unset it");
    }
    // A driver runs programs of its own major version's newer minors too.
    return libtorch
        .cuda()
        .filter(cuda -> Integer.parseInt(cuda.replaceFirst("\\..*", "")) > version / 1000)
        .map(
            cuda ->
                "NVIDIA's driver is too old: it knows CUDA "
                    + version / 1000
                    + "."
                    + version % 1000 / 10
                    + ", the libtorch in "
                    + libtorch.folder().orElseThrow()
                    + " is for "
                    + cuda
                    + "; update the driver");
  }

  /** The devices, none where something is missing. */
  public List<CudaDevice> devices() {
    return problem == null ? devices : List.of();
  }

  /** What is missing and what to do about it, in one clause each. */
  public Optional<String> problem() {
    return Optional.ofNullable(problem);
  }

  /** Whether there are GPUs, usable or not. */
  public boolean hasDevices() {
    return !devices.isEmpty();
  }

  /**
   * The device of a number.
   *
   * @param asked how it was asked for
   * @throws DeviceException if there are not as many
   */
  public CudaDevice device(int ordinal, String asked) {
    if (ordinal >= devices().size()) {
      throw new DeviceException(
          asked
              + ": "
              + problem()
                  .orElseGet(
                      () ->
                          VisibleDevices.count(devices.size())
                              + " here, numbered from 0"
                              + visible
                                  .map(
                                      list ->
                                          " among those of "
                                              + VisibleDevices.VARIABLE
                                              + "=\""
                                              + list
                                              + "\"")
                                  .orElse("")));
    }
    return devices.get(ordinal);
  }

  /**
   * CUDA's number of a GPU that Spark assigned.
   *
   * @param address Spark's resource address
   * @throws DeviceException if this process does not see it
   */
  public int ordinal(String address) {
    return VisibleDevices.ordinal(address, visible, devices());
  }

  /**
   * A device's memory now; of a MIG slice the slice's own.
   *
   * @throws DeviceException if the driver does not say
   */
  public CudaMemory memory(int ordinal) {
    try {
      return driver.memory(ordinal);
    } catch (CudaDriver.Failure e) {
      throw new DeviceException(
          devices.get(ordinal).description() + ": NVIDIA's driver says " + e.getMessage(), e);
    }
  }
}
