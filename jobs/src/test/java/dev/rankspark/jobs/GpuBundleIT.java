package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The bundle for GPU machines, {@code benchmarks/gpu}: its part for Python is made, and stage A is
 * rehearsed with it on the CPU, from an empty home. The part with Java and Spark takes minutes and
 * the network, and is made by hand.
 */
@Tag("python")
class GpuBundleIT {
  private static final Path MAKE = PythonIT.HOME.resolve("benchmarks/gpu/make.py");

  @TempDir private Path folder;

  @Test
  void theProgramsAsAGpuGetsThemScoreAndTrainAsInFloat32() throws Exception {
    Path bundle = folder.resolve("bundle");
    Path out = folder.resolve("out");
    Path home = Files.createDirectory(folder.resolve("home"));

    String sizes =
        PythonIT.run(
            folder,
            Map.of(),
            PythonIT.PYTHON.resolve("bin/python").toString(),
            MAKE.toString(),
            "--programs-only",
            "--output",
            bundle.toString());
    String table =
        PythonIT.run(
            folder,
            Map.of("HOME", home.toString(), "HF_HUB_OFFLINE", "1", "OMP_NUM_THREADS", "2"),
            PythonIT.PYTHON.resolve("bin/python").toString(),
            bundle.resolve("stage_a.py").toString(),
            "--device",
            "cpu",
            "--out",
            out.toString(),
            "--work",
            folder.resolve("work").toString());

    assertThat(sizes).contains("| all, of at most 56 |");
    assertThat(table)
        .contains("within_bounds yes", "batches_packed_as_java_does")
        .doesNotContain("within_bounds NO", "FAILED");
    assertThat(out.resolve("a.train.tiny.float32.json")).exists();
  }
}
