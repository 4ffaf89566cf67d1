package dev.rankspark.distributed;

import dev.rankspark.DeviceException;
import dev.rankspark.files.Platform;
import dev.rankspark.model.NativeLibrary;
import dev.rankspark.model.Torch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** The library behind {@link C10d}, loaded once per JVM. */
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
      checkPlatform(Platform.here());
      Torch.engine();
      Optional<Path> own = Optional.ofNullable(System.getenv(OWN_LIBRARY)).map(Path::of);
      try {
        if (own.isPresent()) {
          System.load(own.get().toAbsolutePath().toString());
        } else {
          NativeLibrary.load(ProcessGroupLibrary.class, NAME);
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

  static void checkPlatform(Platform platform) {
    if (!NativeLibrary.exists(ProcessGroupLibrary.class, NAME, platform)
        && System.getenv(OWN_LIBRARY) == null) {
      throw new DeviceException(
          "several workers need Linux on x86_64 or aarch64, this is "
              + platform.name()
              + "; one worker runs here (--workers 1)");
    }
  }
}
