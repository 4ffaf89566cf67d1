package dev.rankspark.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.DeviceException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is missing for CUDA, named one thing at a time; the driver is a stub. */
class CudaMachineTest {
  @TempDir private Path folder;

  @Test
  void aMachineWithoutTheDriver() {
    CudaMachine machine = CudaMachine.look(Map.of(), "libcuda-of-nobody.so.1");

    assertThat(machine.problem())
        .contains(
            "no NVIDIA driver is found here (libcuda.so.1); install it, or start the container"
                + " with its GPUs (docker --gpus all)");
    assertThat(machine.hasDevices()).isFalse();
  }

  @Test
  void theDevicesThatTheDriverShows() throws Exception {
    CudaMachine machine = StubGpus.machine(folder, null, "STUB_DEVICES=2", "STUB_CAPABILITY=89");

    assertThat(machine.problem()).isEmpty();
    assertThat(machine.devices())
        .containsExactly(
            new CudaDevice(0, "Stub 0", 8, 9, Optional.of("a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0")),
            new CudaDevice(1, "Stub 1", 7, 9, Optional.of("a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1")));
    assertThat(machine.device(0, "--device cuda").description())
        .isEqualTo("GPU 0, Stub 0 (compute capability 8.9)");
    assertThat(machine.memory(1)).isEqualTo(new CudaMemory(1_000_000_000, 2_000_000_000));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "unset",
      value = {
        "unset | NVIDIA's driver shows no GPU; \"nvidia-smi -L\" lists those of the machine,",
        "''    | CUDA_VISIBLE_DEVICES=\"\" leaves no GPU; unset it, or name GPUs that",
        "-1    | CUDA_VISIBLE_DEVICES=\"-1\" leaves no GPU; unset it, or name GPUs that",
      })
  void noDeviceAndWhetherTheEnvironmentHidesThem(String visible, String problem) throws Exception {
    CudaMachine machine = StubGpus.machine(folder, visible);

    assertThat(machine.problem()).get().asString().startsWith(problem);
    assertThat(machine.devices()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "802 | CUDA_ERROR_SYSTEM_NOT_READY (802); wait for the GPUs, or start NVIDIA's Fabric Manager",
        "803 | CUDA error 803; its library and its kernel module are of two versions; restart",
        "34  | CUDA error 34; this libcuda.so.1 is the toolkit's stub; take it off LD_LIBRARY_PATH",
        "999 | CUDA error 999; see what nvidia-smi says",
      })
  void aDriverThatDoesNotStart(int error, String problem) throws Exception {
    CudaMachine machine = StubGpus.machine(folder, null, "STUB_INIT=" + error, "STUB_DEVICES=1");

    assertThat(machine.problem()).get().asString().startsWith("NVIDIA's driver does not start: ");
    assertThat(machine.problem()).get().asString().contains(problem);
  }

  @Test
  void aDriverOlderThanLibtorchsCuda() throws Exception {
    CudaMachine machine = StubGpus.machine(folder, null, "STUB_DEVICES=1", "STUB_DRIVER=11040");

    assertThat(machine.problem())
        .contains(
            "NVIDIA's driver is too old: it knows CUDA 11.4, the libtorch in "
                + folder.resolve("torch-2.7.1+cu126/lib")
                + " is for 12.6; update the driver");
    assertThat(machine.devices()).isEmpty();
    assertThat(machine.hasDevices()).isTrue();
  }

  @Test
  void aDriverOfTheSameMajorVersionIsNewEnough() throws Exception {
    assertThat(StubGpus.machine(folder, null, "STUB_DEVICES=1", "STUB_DRIVER=12000").problem())
        .isEmpty();
  }

  @Test
  void theJarsLibtorchIsForCpus() throws Exception {
    String driver = StubGpus.driver(folder, "STUB_DEVICES=1").toString();
    String problem =
        "the libtorch of the jar is one for CPUs; set PYTORCH_LIBRARY_PATH to the torch/lib of a pip"
            + " torch 2.7.1 (docs/gpu.md)";

    assertThat(CudaMachine.look(Map.of(), driver).problem()).contains(problem);
    assertThat(CudaMachine.look(Map.of("PYTORCH_FLAVOR", "cu128"), driver).problem())
        .contains(problem + ", PYTORCH_FLAVOR alone brings none");
  }

  @Test
  void aNamedLibtorchForCpus() throws Exception {
    String driver = StubGpus.driver(folder, "STUB_DEVICES=1").toString();
    Path libtorch = StubGpus.libtorch(folder, "2.7.1+cpu", "None");

    assertThat(
            CudaMachine.look(Map.of(Libtorch.LIBRARY_PATH, libtorch.toString()), driver).problem())
        .get()
        .asString()
        .startsWith("the libtorch in " + libtorch + " is one for CPUs; set PYTORCH_LIBRARY_PATH");
  }

  @Test
  void djlsPartForCpusBesideALibtorchForGpus() throws Exception {
    String driver = StubGpus.driver(folder, "STUB_DEVICES=1").toString();
    Path libtorch = StubGpus.libtorch(folder, "2.7.1+cu128", "12.8");

    assertThat(
            CudaMachine.look(
                    Map.of(Libtorch.LIBRARY_PATH, libtorch.toString(), Libtorch.FLAVOR, "cpu"),
                    driver)
                .problem())
        .contains("PYTORCH_FLAVOR=cpu asks for DJL's part for CPUs; unset it");
  }

  @Test
  void aNumberBeyondTheLastDevice() throws Exception {
    CudaMachine machine = StubGpus.machine(folder, null, "STUB_DEVICES=2");

    assertThatThrownBy(() -> machine.device(2, "--device cuda:2"))
        .isInstanceOf(DeviceException.class)
        .hasMessage("--device cuda:2: 2 GPUs here, numbered from 0");
  }

  @Test
  void aNumberBeyondTheVisibleOnes() throws Exception {
    CudaMachine machine = StubGpus.machine(folder, "3", "STUB_DEVICES=1");

    assertThatThrownBy(() -> machine.device(3, "--device cuda:3"))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "--device cuda:3: 1 GPU here, numbered from 0 among those of CUDA_VISIBLE_DEVICES=\"3\"");
  }
}
