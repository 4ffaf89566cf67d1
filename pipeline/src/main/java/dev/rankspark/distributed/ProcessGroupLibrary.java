package dev.rankspark.distributed;

import ai.djl.util.Utils;
import dev.rankspark.DeviceException;
import dev.rankspark.model.Torch;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * The library behind {@link C10d}, loaded once per JVM. It names libtorch_cpu.so and libc10.so
 * without a path, which the loader resolves to those that are loaded already: DJL's, wherever they
 * lie.
 */
final class ProcessGroupLibrary {
  static final String NAME = "librankspark_distributed.so";

  /** A library of the user's own, such as one with NCCL, in place of the one in the jar. */
  static final String OWN_LIBRARY = "RANKSPARK_DISTRIBUTED_LIBRARY";

  private static boolean isLoaded;

  private ProcessGroupLibrary() {}

  /**
   * Loads it, after libtorch.
   *
   * @throws DeviceException if there is none for this platform, or it does not load
   */
  static synchronized void load() {
    if (!isLoaded) {
      checkPlatform(System.getProperty("os.name"), System.getProperty("os.arch"));
      Torch.engine();
      Optional<Path> own = Optional.ofNullable(System.getenv(OWN_LIBRARY)).map(Path::of);
      try {
        if (own.isPresent()) {
          System.load(own.get().toAbsolutePath().toString());
        } else {
          loadUnpacked();
        }
      } catch (IOException | UnsatisfiedLinkError e) {
        throw new DeviceException(
            "the library by which workers sum their gradients ("
                + own.map(Path::toString).orElse(NAME)
                + ") does not load beside this libtorch: "
                + e.getMessage()
                + "; one worker needs none (--workers 1)",
            e);
      }
      isLoaded = true;
    }
  }

  static void checkPlatform(String system, String architecture) {
    if (!system.equals("Linux") || !architecture.equals("amd64")) {
      throw new DeviceException(
          "several workers need Linux on x86_64, this is "
              + system
              + " on "
              + architecture
              + "; one worker runs here (--workers 1)");
    }
  }

  private static void loadUnpacked() throws IOException {
    // DJL loads its own from there, so libraries may be executed there, which /tmp may forbid.
    Path folder = Files.createDirectories(Utils.getEngineCacheDir("pytorch"));
    // A file for this class loader alone: the JVM loads no file for two of them.
    Path file = Files.createTempFile(folder, "rankspark_distributed", ".so");
    try (InputStream library = ProcessGroupLibrary.class.getResourceAsStream(NAME)) {
      if (library == null) {
        throw new IOException("it is not on the class path");
      }
      Files.copy(library, file, StandardCopyOption.REPLACE_EXISTING);
      System.load(file.toString());
    } finally {
      Files.delete(file); // what is mapped stays
    }
  }
}
