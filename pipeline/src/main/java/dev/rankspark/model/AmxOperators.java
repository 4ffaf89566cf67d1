package dev.rankspark.model;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Operators for programs on CPUs with AMX, Intel's Xeons from the fourth generation on, from the
 * library of {@code amx.cpp}: products of float32 matrices, which are as exact as those of float32
 * instructions and faster, and what between products takes one pass there and several in libtorch.
 * In programs they are {@code ops.rankspark}; {@code parts.py} has what is in their place
 * elsewhere.
 */
final class AmxOperators {
  static final String NAME = "librankspark_amx.so";

  /** Set to {@code off}, they are not used. */
  static final String SWITCH = "RANKSPARK_AMX";

  private static final Logger LOG = LoggerFactory.getLogger(AmxOperators.class);

  private static Boolean areAvailable;

  private AmxOperators() {}

  /** Whether programs may use the operator: the CPU and the system have AMX, the library loads. */
  static synchronized boolean areAvailable() {
    if (areAvailable == null) {
      areAvailable =
          NativeLibrary.isForPlatform(System.getProperty("os.name"), System.getProperty("os.arch"))
              && !"off".equals(System.getenv(SWITCH))
              && Hardware.hasInstructions("amx_bf16")
              && isLoaded()
              && isSupported();
    }
    return areAvailable;
  }

  private static boolean isLoaded() {
    try {
      NativeLibrary.load(AmxOperators.class, NAME);
      return true;
    } catch (IOException | UnsatisfiedLinkError e) {
      LOG.warn(
          "{} does not load beside this libtorch: {}; float32 is slower without it ({}=off: this line"
              + " does not come again)",
          NAME,
          e.getMessage(),
          SWITCH);
      return false;
    }
  }

  /** Asks the system for the use of AMX. */
  private static native boolean isSupported();
}
