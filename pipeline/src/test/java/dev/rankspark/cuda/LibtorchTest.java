package dev.rankspark.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.DeviceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LibtorchTest {
  @TempDir private Path folder;

  @Test
  void djlHasOnePartForCudaBesideThatForCpus() {
    ClassLoader jars = getClass().getClassLoader();

    assertThat(jars.getResource("jnilib/linux-x86_64/cu128/libdjl_torch.so")).isNotNull();
    assertThat(jars.getResource("jnilib/linux-x86_64/cu126/libdjl_torch.so")).isNull();
    assertThat(Libtorch.djlVersion()).isEqualTo("2.7.1");
  }

  @Test
  void withoutASettingItIsTheJars() {
    assertThat(Libtorch.find(Map.of()))
        .isEqualTo(new Libtorch(Optional.empty(), false, Optional.empty(), Optional.of("2.7.1")));
  }

  @Test
  void pipsTorchSaysWhichCudaItIsFor() throws Exception {
    Path lib = StubGpus.libtorch(folder, "2.7.1+cu126", "12.6");
    Libtorch expected =
        new Libtorch(Optional.of(lib), true, Optional.of("12.6"), Optional.of("2.7.1"));

    assertThat(find(lib.toString())).isEqualTo(expected);
    assertThat(find("/nowhere:" + lib)).isEqualTo(expected);
    assertThat(find(lib.resolve("libtorch.so").toString())).isEqualTo(expected);
  }

  @Test
  void pytorchsArchiveSaysItInItsVersion() throws Exception {
    Path lib = Files.createDirectories(folder.resolve("libtorch/lib"));
    Files.createFile(lib.resolve("libtorch.so"));
    Files.createFile(lib.resolve("libtorch_cuda.so"));
    Files.writeString(folder.resolve("libtorch/build-version"), "2.7.1+cu128\n");

    assertThat(find(lib.toString()).cuda()).contains("12.8");
  }

  @Test
  void aFolderWithoutLibtorchIsNotReplacedByTheJars() {
    assertThatThrownBy(() -> find(folder.toString()))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "PYTORCH_LIBRARY_PATH: no libtorch.so in "
                + folder
                + "; name the torch/lib folder of a pip torch 2.7.1, or unset it for the jar's"
                + " libtorch");
  }

  @Test
  void anotherVersionThanDjlsIsRefusedBeforeItIsLoaded() throws Exception {
    Path lib = StubGpus.libtorch(folder, "2.11.0+cu130", "13.0");

    assertThatThrownBy(() -> find(lib.toString()))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "PYTORCH_LIBRARY_PATH: the libtorch in "
                + lib
                + " is 2.11.0+cu130, the jar's DJL is built for 2.7.1; install torch==2.7.1, or put a"
                + " libdjl_torch.so that is built for yours beside it");
  }

  @Test
  void anotherVersionWithItsOwnPartOfDjlIsTaken() throws Exception {
    Path lib = StubGpus.libtorch(folder, "2.11.0+cu130", "13.0");
    Files.createFile(lib.resolve("libdjl_torch.so"));

    Libtorch found =
        Libtorch.find(Map.of(Libtorch.LIBRARY_PATH, lib.toString(), Libtorch.VERSION, "2.11.0"));

    assertThat(found.cuda()).contains("13.0");
    assertThat(found.version()).contains("2.11.0");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "12.6 | PYTORCH_FLAVOR  | cu126 | DJL has cu128 (for CUDA 12.6 too) and cpu; unset it",
        "None | PYTORCH_FLAVOR  | cu128 | a CPU's, DJL has cpu; unset it",
        "12.6 | PYTORCH_VERSION | 2.5.1 | built for 2.7.1 and nothing is downloaded; unset it",
      })
  void whatWouldHaveDjlDownloadIsRefused(String cuda, String name, String value, String why)
      throws Exception {
    Map<String, String> environment = new HashMap<>();
    environment.put(Libtorch.LIBRARY_PATH, StubGpus.libtorch(folder, "2.7.1", cuda).toString());
    environment.put(name, value);

    assertThatThrownBy(() -> Libtorch.find(environment))
        .isInstanceOf(DeviceException.class)
        .hasMessageStartingWith(name + "=" + value + ": ")
        .hasMessageContaining(why);
  }

  private static Libtorch find(String path) {
    return Libtorch.find(Map.of(Libtorch.LIBRARY_PATH, path));
  }
}
