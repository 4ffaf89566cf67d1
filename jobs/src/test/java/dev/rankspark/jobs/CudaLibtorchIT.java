package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The jar over pip's torch for CUDA, 3 GB, which the build's profile of that name installs into
 * {@code jobs/target/gpu-libs}. There is no GPU and no network: a stub of the driver shows no
 * device.
 */
@Tag("gpu-libs")
class CudaLibtorchIT {
  private static final Path STUB =
      Launched.HOME.resolve("pipeline/src/test/resources/dev/rankspark/cuda/libcuda.c");

  @TempDir private Path folder;

  private Path libtorch;

  @BeforeEach
  void buildTheStub() throws Exception {
    Path library = Files.createDirectories(folder.resolve("driver")).resolve("libcuda.so.1");
    Process gcc =
        new ProcessBuilder(
                "gcc",
                "-shared",
                "-fPIC",
                "-w",
                "-Wl,-soname,libcuda.so.1",
                "-o",
                library.toString(),
                STUB.toString(),
                "-ldl")
            .inheritIO()
            .start();
    assertThat(gcc.waitFor()).isZero();
    try (Stream<Path> files = Files.walk(Launched.HOME.resolve("jobs/target/gpu-libs"))) {
      libtorch = files.filter(file -> file.endsWith("torch/lib")).findFirst().orElseThrow();
    }
  }

  @Test
  void onACpuItsScoresAreThoseOfTheJarsLibtorch() throws Exception {
    Path own = folder.resolve("own.txt");
    Path pip = folder.resolve("pip.txt");

    assertThat(rerank(Map.of(), "cpu", own).exitCode()).isZero();
    Cli.Result result = rerank(overPip(Map.of()), "cpu", pip);

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(pip).hasSameBinaryContentAs(own);
  }

  @Test
  void cudaWithoutADeviceIsAnErrorOfOneLine() throws Exception {
    Cli.Result result = rerank(overPip(Map.of()), "cuda", folder.resolve("run.txt"));

    assertThat(result.exitCode()).isEqualTo(Main.DEVICE);
    assertThat(result.lastLine())
        .startsWith("rankspark: --device cuda: NVIDIA's driver shows no GPU; ");
  }

  /** Here all of libtorch for CUDA is loaded: the driver says that there is a device. */
  @Test
  void aDeviceThatCudasRuntimeCannotUseIsAnErrorOfOneLine() throws Exception {
    Cli.Result result =
        rerank(overPip(Map.of("STUB_DEVICES", "1")), "cuda", folder.resolve("run.txt"));

    assertThat(result.exitCode()).isEqualTo(Main.DEVICE);
    assertThat(result.lastLine())
        .startsWith(
            "rankspark: --device cuda: NVIDIA's driver shows GPU 0, Stub 0 (compute capability 8.0),"
                + " libtorch's CUDA sees none; ");
  }

  private Map<String, String> overPip(Map<String, String> stub) {
    Map<String, String> environment = new HashMap<>(stub);
    environment.put("LD_LIBRARY_PATH", folder.resolve("driver").toString());
    environment.put("PYTORCH_LIBRARY_PATH", libtorch.toString());
    return environment;
  }

  private Cli.Result rerank(Map<String, String> environment, String device, Path output)
      throws Exception {
    List<String> command =
        new ArrayList<>(List.of("unshare", "--map-root-user", "--net", "sh", "-c"));
    command.add("ip link set lo up; exec \"$0\" \"$@\"");
    command.addAll(
        List.of(
            Launched.LAUNCHER,
            "rerank",
            "--model-name-or-path",
            Cli.reference("mistral"),
            "--dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--dtype",
            "float32",
            "--device",
            device,
            "--rerank-output-path",
            output.toString()));
    return Launched.run(folder, environment, command);
  }
}
