package dev.rankspark.cuda;

import dev.rankspark.DeviceException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * CUDA's numbers for the GPUs that Spark assigns. Spark's addresses are what its discovery script
 * printed: numbers of {@code nvidia-smi}, which know nothing of {@code CUDA_VISIBLE_DEVICES}, or
 * UUIDs. CUDA counts what that variable leaves.
 */
final class VisibleDevices {
  static final String VARIABLE = "CUDA_VISIBLE_DEVICES";

  private static final Pattern UUID_KIND = Pattern.compile("(?:GPU|MIG)-.+");

  private VisibleDevices() {}

  /**
   * The number of an assigned GPU.
   *
   * @param address Spark's
   * @param visible {@code CUDA_VISIBLE_DEVICES}, if set
   * @throws DeviceException if this process does not see that GPU
   */
  static int ordinal(String address, Optional<String> visible, List<CudaDevice> devices) {
    Optional<Integer> found =
        UUID_KIND.matcher(address).matches()
            ? byUuid(address, devices)
            : visible
                .map(list -> position(address, list))
                .orElseGet(() -> number(address))
                .filter(ordinal -> ordinal < devices.size());
    return found.orElseThrow(
        () ->
            new DeviceException(
                "Spark assigned the GPU \""
                    + address
                    + "\" to this task, "
                    + visible
                        .map(list -> VARIABLE + "=\"" + list + "\" hides it from")
                        .orElse("CUDA does not show it to")
                    + " this executor, which sees "
                    + count(devices.size())
                    + "; find GPUs by conf/gpu-discovery.sh, in the environment of the executors"));
  }

  /** For people: "no GPU", "1 GPU", "2 GPUs". */
  static String count(int devices) {
    return devices == 0 ? "no GPU" : devices == 1 ? "1 GPU" : devices + " GPUs";
  }

  private static Optional<Integer> byUuid(String address, List<CudaDevice> devices) {
    return devices.stream()
        .filter(device -> device.uuid().filter(address.substring(4)::equals).isPresent())
        .map(CudaDevice::ordinal)
        .findFirst();
  }

  private static Optional<Integer> position(String address, String visible) {
    int position = Arrays.stream(visible.split(",")).map(String::strip).toList().indexOf(address);
    return position < 0 ? Optional.empty() : Optional.of(position);
  }

  private static Optional<Integer> number(String address) {
    return address.matches("\\d{1,3}") ? Optional.of(Integer.valueOf(address)) : Optional.empty();
  }
}
