package dev.rankspark.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code conf/gpu-discovery.sh} with an {@code nvidia-smi} that prints what real ones do. */
class GpuDiscoveryTest {
  private static final Path SCRIPT =
      Path.of(System.getProperty("rankspark.home"), "conf/gpu-discovery.sh");

  private static final String TWO_GPUS =
      """
      GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)
      GPU 1: Tesla T4 (UUID: GPU-9a12bb8e-0a53-4c32-93c5-1f1f9c0f0c11)
      """;

  private static final String SLICES =
      """
      GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)
        MIG 3g.20gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
        MIG 1g.5gb      Device  1: (UUID: MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d)
      GPU 1: Tesla T4 (UUID: GPU-9a12bb8e-0a53-4c32-93c5-1f1f9c0f0c11)
      """;

  @TempDir private Path folder;

  @Test
  void gpusAreTheNumbersOfNvidiaSmi() throws Exception {
    assertThat(discover(TWO_GPUS, null))
        .isEqualTo("{\"name\": \"gpu\", \"addresses\": [\"0\",\"1\"]}");
  }

  @Test
  void slicesStandInPlaceOfTheirGpu() throws Exception {
    assertThat(discover(SLICES, null))
        .isEqualTo(
            "{\"name\": \"gpu\", \"addresses\": [\"MIG-c7384736-a75d-5afc-978f-d2f1294409fd\","
                + "\"MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d\",\"1\"]}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1            | [\"1\"]",
        "1, 0         | [\"1\",\"0\"]",
        "1,-1,0       | [\"1\"]",
        "MIG-a28ad590 | [\"MIG-a28ad590\"]",
      })
  void whatTheEnvironmentLeavesIsAll(String visible, String addresses) throws Exception {
    assertThat(discover(TWO_GPUS, visible))
        .isEqualTo("{\"name\": \"gpu\", \"addresses\": " + addresses + "}");
  }

  @Test
  void whereNothingIsLeftItFails() throws Exception {
    assertThat(discover(TWO_GPUS, "-1"))
        .isEqualTo("gpu-discovery.sh: no GPU: CUDA_VISIBLE_DEVICES=\"-1\"");
    assertThat(discover("", null)).isEqualTo("gpu-discovery.sh: no GPU");
  }

  /** What it prints where it succeeds, else its error. */
  private String discover(String listed, String visible) throws Exception {
    Files.writeString(folder.resolve("listed.txt"), listed);
    Path command = folder.resolve("nvidia-smi");
    Files.writeString(command, "#!/bin/sh\ntest \"$*\" = -L && cat " + folder + "/listed.txt\n");
    Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwxr-xr-x"));
    ProcessBuilder builder = new ProcessBuilder("bash", SCRIPT.toString());
    builder.environment().merge("PATH", folder + ":", (path, first) -> first + path);
    builder.environment().remove("CUDA_VISIBLE_DEVICES");
    if (visible != null) {
      builder.environment().put("CUDA_VISIBLE_DEVICES", visible);
    }
    Process process = builder.start();
    boolean failed = process.waitFor() != 0;
    var stream = failed ? process.getErrorStream() : process.getInputStream();
    return new String(stream.readAllBytes(), UTF_8).strip();
  }
}
