package dev.rankspark.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.opentest4j.TestAbortedException;

/** A driver and a libtorch for GPUs where there is neither: {@code libcuda.c}, and empty files. */
public final class StubGpus {
  private StubGpus() {}

  /**
   * Compiles a driver.
   *
   * @param settings such as {@code STUB_DEVICES=2}
   */
  public static Path driver(Path folder, String... settings) throws Exception {
    Path source = folder.resolve("libcuda.c");
    try (InputStream in = StubGpus.class.getResourceAsStream("libcuda.c")) {
      Files.write(source, in.readAllBytes());
    }
    Path library = Files.createTempDirectory(folder, "driver").resolve(CudaDriver.LIBRARY);
    List<String> options = new ArrayList<>(List.of("-w", "-Wl,-soname," + CudaDriver.LIBRARY));
    Arrays.stream(settings).map("-D"::concat).forEach(options::add);
    options.add(source.toString());
    options.add("-ldl");
    compile(library, options);
    return library;
  }

  /** Compiles a library; without gcc the test is skipped. */
  public static void compile(Path library, List<String> options) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("gcc", "-shared", "-fPIC", "-o", library.toString()));
    command.addAll(options);
    Process gcc;
    try {
      gcc = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new TestAbortedException("no gcc, which makes the stub of a GPU's driver", e);
    }
    String said = new String(gcc.getInputStream().readAllBytes(), UTF_8);
    assertThat(gcc.waitFor()).as("%s: %s", command, said).isZero();
  }

  /** A folder as pip's torch has it, with libraries that cannot be loaded. */
  public static Path libtorch(Path folder, String version, String cuda) throws IOException {
    Path lib = Files.createDirectories(folder.resolve("torch-" + version).resolve("lib"));
    Files.createFile(lib.resolve("libtorch.so"));
    if (!cuda.equals("None")) {
      Files.createFile(lib.resolve("libtorch_cuda.so"));
    }
    Files.writeString(
        lib.resolveSibling("version.py"),
        "__version__ = '"
            + version
            + "'\ndebug = False\ncuda: Optional[str] = "
            + (cuda.equals("None") ? cuda : "'" + cuda + "'")
            + "\n");
    return lib;
  }

  /** A machine with that driver and a libtorch for CUDA 12.6. */
  public static CudaMachine machine(Path folder, String visible, String... settings)
      throws Exception {
    String libtorch = libtorch(folder, "2.7.1+cu126", "12.6").toString();
    return CudaMachine.look(
        visible == null
            ? Map.of(Libtorch.LIBRARY_PATH, libtorch)
            : Map.of(Libtorch.LIBRARY_PATH, libtorch, VisibleDevices.VARIABLE, visible),
        driver(folder, settings).toString());
  }
}
