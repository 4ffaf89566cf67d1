package dev.rankspark.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.DeviceException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Spark's addresses and {@code CUDA_VISIBLE_DEVICES}: two devices are seen. */
class VisibleDevicesTest {
  private static final List<CudaDevice> TWO =
      List.of(
          new CudaDevice(0, "A100", 8, 0, Optional.of("aaaa-0")),
          new CudaDevice(1, "A100 MIG 1g.5gb", 8, 0, Optional.of("bbbb-1")));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "unset",
      value = {
        "0          | unset                 | 0",
        "1          | unset                 | 1",
        "3          | 2,3                   | 1",
        "2          | '2, 3'                | 0",
        "1          | 1,0                   | 0",
        "GPU-aaaa-0 | unset                 | 0",
        "MIG-bbbb-1 | GPU-aaaa-0,MIG-bbbb-1 | 1",
        "MIG-bbbb-1 | 0,1                   | 1",
      })
  void anAssignedGpuIsFoundAmongTheVisible(String address, String visible, int ordinal) {
    assertThat(VisibleDevices.ordinal(address, Optional.ofNullable(visible), TWO))
        .isEqualTo(ordinal);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "unset",
      value = {
        "2          | unset      | CUDA does not show it to",
        "0          | 2,3        | CUDA_VISIBLE_DEVICES=\"2,3\" hides it from",
        "1          | ''         | CUDA_VISIBLE_DEVICES=\"\" hides it from",
        "0          | GPU-aaaa-0 | CUDA_VISIBLE_DEVICES=\"GPU-aaaa-0\" hides it from",
        "4          | 0,1,2,3,4  | CUDA_VISIBLE_DEVICES=\"0,1,2,3,4\" hides it from",
        "MIG-cccc-2 | unset      | CUDA does not show it to",
        "tpu        | unset      | CUDA does not show it to",
      })
  void anAssignedGpuThatIsNotSeenIsAnError(String address, String visible, String why) {
    assertThatThrownBy(() -> VisibleDevices.ordinal(address, Optional.ofNullable(visible), TWO))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "Spark assigned the GPU \""
                + address
                + "\" to this task, "
                + why
                + " this executor, which sees 2 GPUs; find GPUs by conf/gpu-discovery.sh, in the"
                + " environment of the executors");
  }
}
