package dev.rankspark.model;

import dev.rankspark.files.Platform;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The library behind {@link CpuOperators} and {@link TrainingMemory}, loaded once per JVM. */
final class CpuLibrary {
  static final String NAME = "librankspark_cpu.so";

  private static final Logger LOG = LoggerFactory.getLogger(CpuLibrary.class);

  private static Boolean isLoaded;

  private CpuLibrary() {}

  /** Loads it where it is for this platform; all that it does libtorch does too, not as well. */
  static synchronized boolean isLoaded() {
    if (isLoaded == null) {
      isLoaded = isThere() && loads();
    }
    return isLoaded;
  }

  private static boolean isThere() {
    Platform platform = Platform.here();
    if (NativeLibrary.exists(CpuLibrary.class, NAME, platform)) {
      return true;
    }
    LOG.warn(
        "For {} there are no native libraries of ours: libtorch's operators are taken, and training"
            + " has one worker",
        platform.name());
    return false;
  }

  private static boolean loads() {
    try {
      NativeLibrary.load(CpuLibrary.class, NAME);
      return true;
    } catch (IOException | UnsatisfiedLinkError e) {
      LOG.warn(
          "{} does not load beside this libtorch: {}; float32 on a CPU with AMX is slower without it"
              + " and training takes more memory",
          NAME,
          e.getMessage());
      return false;
    }
  }
}
