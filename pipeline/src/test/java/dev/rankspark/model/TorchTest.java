package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.DeviceException;
import dev.rankspark.cuda.StubGpus;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A libtorch that does not load, and what the user is told. */
class TorchTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/t/libcaffe2_nvrtc.so: libcuda.so.1: cannot open shared object file: No such file"
            + " | ; a libtorch for CUDA needs NVIDIA's driver: without one unset PYTORCH_LIBRARY_PATH",
        "/t/libtorch_cuda.so: libcudnn.so.9: cannot open shared object file: No such file"
            + " | ; install libcudnn.so.9 or put its folder on LD_LIBRARY_PATH; pip's torch, if"
            + " PYTORCH_LIBRARY_PATH names it, brings what CUDA needs",
        "/c/libdjl_torch.so: undefined symbol: _ZN3c104cuda9GetDeviceEPa"
            + " | ; DJL was built for another libtorch: name one of its version, or unset"
            + " PYTORCH_LIBRARY_PATH",
        "/lib64/libc.so.6: version `GLIBC_2.28' not found (required by /tmp/libtorch_cpu.so) | '; libtorch needs"
            + " a Linux with GLIBC_2.28 (glibc 2.28 and GCC 8''s libstdc++, of 2018, or newer): take another"
            + " image for this machine'",
        "no room | ''",
      })
  void theLoadersMessageIsExplained(String message, String explanation) {
    assertThat(Torch.explained(message)).isEqualTo(message + explanation);
  }

  /** In a process of its own: DJL, its folder, the driver and the loader as users have them. */
  @Test
  void theLibraryOfCudaThatIsMissingIsNamed() throws Exception {
    Path libtorch = StubGpus.libtorch(folder, "2.7.1+cu126", "12.6");
    Path cublas = folder.resolve("libcublas.so.12");
    StubGpus.compile(cublas, List.of("-x", "c", "/dev/null", "-Wl,-soname,libcublas.so.12"));
    for (String name : List.of("libtorch.so", "libtorch_cuda.so")) {
      StubGpus.compile(
          libtorch.resolve(name),
          List.of("-x", "c", "/dev/null", "-x", "none", "-Wl,--no-as-needed", cublas.toString()));
    }
    Files.delete(cublas);
    Path driver = StubGpus.driver(folder, "STUB_DEVICES=1").getParent();

    assertThat(
            detect(
                Map.of(
                    "LD_LIBRARY_PATH", driver.toString(),
                    "PYTORCH_LIBRARY_PATH", libtorch.toString())))
        .startsWith("libtorch does not load on ")
        .contains("libcublas.so.12: cannot open shared object file")
        .endsWith(
            "; install libcublas.so.12 or put its folder on LD_LIBRARY_PATH; pip's torch, if"
                + " PYTORCH_LIBRARY_PATH names it, brings what CUDA needs");
  }

  private String detect(Map<String, String> environment) throws Exception {
    Path output = folder.resolve("output.txt");
    ProcessBuilder java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                TorchTest.class.getName())
            .directory(folder.toFile())
            .redirectError(new File("/dev/null"))
            .redirectOutput(output.toFile());
    java.environment().putAll(environment);
    Process process = java.start();
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    return Files.readString(output).strip();
  }

  public static void main(String[] args) {
    try {
      System.out.println(Hardware.detect("cuda", Dtype.FLOAT32).description());
    } catch (DeviceException e) {
      System.out.println(e.getMessage());
    }
  }
}
