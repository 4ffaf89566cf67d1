package dev.rankspark.model;

/**
 * Operators for programs on CPUs with AMX, Intel's Xeons from the fourth generation on, from the
 * library's {@code amx.cpp}: products of float32 matrices, which are as exact as those of float32
 * instructions and faster, and what between products takes one pass there and several in libtorch.
 * In programs they are {@code ops.rankspark}; {@code parts.py} has what is in their place
 * elsewhere.
 */
final class AmxOperators {
  /** Set to {@code off}, they are not used. */
  static final String SWITCH = "RANKSPARK_AMX";

  private static Boolean areAvailable;

  private AmxOperators() {}

  /** Whether programs may use them: the CPU and the system have AMX, the library loads. */
  static synchronized boolean areAvailable() {
    if (areAvailable == null) {
      areAvailable =
          !"off".equals(System.getenv(SWITCH))
              && Hardware.hasInstructions("amx_bf16")
              && CpuLibrary.isLoaded()
              && isSupported();
    }
    return areAvailable;
  }

  /** Asks the system for the use of AMX. */
  private static native boolean isSupported();
}
