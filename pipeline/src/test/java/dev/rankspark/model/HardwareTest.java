package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import dev.rankspark.DeviceException;
import dev.rankspark.cuda.CudaDevice;
import dev.rankspark.cuda.CudaMachine;
import dev.rankspark.cuda.StubGpus;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Dtypes and numbers of GPUs; nothing here computes on one. */
class HardwareTest {
  private static final CudaDevice T4 = new CudaDevice(0, "Tesla T4", 7, 5, Optional.empty());

  private static final CudaDevice A100 = new CudaDevice(1, "A100", 8, 0, Optional.empty());

  @TempDir private Path folder;

  @Test
  void theDtypeIsOneThatEveryGpuHasThatATaskMayTake() {
    assertThat(Hardware.onCuda(1, List.of(A100), Optional.empty()).description())
        .isEqualTo("CUDA device 1 (A100, compute capability 8.0), bfloat16");
    assertThat(Hardware.onCuda(Hardware.ANY, List.of(A100, T4), Optional.empty()).description())
        .isEqualTo("CUDA device (Tesla T4, compute capability 7.5), float16");
  }

  @Test
  void aDtypeThatAGpuHasNotIsRefused() {
    assertThatThrownBy(
            () -> Hardware.onCuda(Hardware.ANY, List.of(A100, T4), Optional.of(Dtype.BFLOAT16)))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "--dtype bfloat16: GPU 0, Tesla T4 (compute capability 7.5) has none; it can do float32,"
                + " float16");
    assertThatThrownBy(() -> Hardware.onCuda(0, List.of(A100), Optional.of(Dtype.INT8)))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "--dtype int8: only on a CPU (--device cpu); a GPU can do float32, float16, bfloat16");
  }

  @Test
  void aTaskTakesTheGpuThatSparkAssigned() throws Exception {
    CudaMachine machine = StubGpus.machine(folder, "2,5", "STUB_DEVICES=2", "STUB_CAPABILITY=90");
    Hardware any = Hardware.onCuda(Hardware.ANY, machine.devices(), Optional.empty());

    assertThat(any.cudaDevice(Optional.of("5"), machine)).isEqualTo(Device.gpu(1));
    assertThat(any.cudaDevice(Optional.empty(), machine)).isEqualTo(Device.gpu(0));
  }

  @Test
  void anotherNumberThanSparksIsAnError() throws Exception {
    CudaMachine machine = StubGpus.machine(folder, null, "STUB_DEVICES=2", "STUB_CAPABILITY=90");
    Hardware second = Hardware.onCuda(1, machine.devices(), Optional.empty());

    assertThat(second.cudaDevice(Optional.of("1"), machine)).isEqualTo(Device.gpu(1));
    assertThatThrownBy(() -> second.cudaDevice(Optional.of("0"), machine))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "--device cuda:1: Spark assigned GPU 0 to this task; ask for --device cuda, and every"
                + " task takes the one that it is assigned");
  }

  @Test
  void anotherExecutorsDtypeIsCheckedAgain() throws Exception {
    CudaMachine old = StubGpus.machine(folder, null, "STUB_DEVICES=1", "STUB_CAPABILITY=75");
    Hardware decided = Hardware.onCuda(Hardware.ANY, List.of(A100), Optional.empty());

    assertThatThrownBy(() -> decided.cudaDevice(Optional.empty(), old))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "--dtype bfloat16: GPU 0, Stub 0 (compute capability 7.5) has none; it can do float32,"
                + " float16");
  }
}
