package dev.rankspark.model;

/**
 * Operators of our own for programs on a CPU, from the library's {@code amx.cpp} and {@code
 * fused.cpp}. In programs they are {@code ops.rankspark}; {@code parts.py} has what is in their
 * place where they are not to be had. They are decided once for a process.
 */
final class CpuOperators {
  /** Set to {@code off}, products of float32 are libtorch's on a CPU with AMX too. */
  static final String SWITCH = "RANKSPARK_AMX";

  private static Boolean areFused;
  private static Boolean splitFloat32;

  private CpuOperators() {}

  /** Whether what is between products takes one pass, where libtorch has several: with AVX512. */
  static synchronized boolean areFused() {
    if (areFused == null) {
      areFused = CpuFeatures.here().haveAvx512() && CpuLibrary.isLoaded();
    }
    return areFused;
  }

  /**
   * Whether products of float32 are AMX's, of each number as three of bfloat16: as exact as those
   * of float32 instructions, and faster. Intel's Xeons from the fourth generation on have it.
   */
  static synchronized boolean splitFloat32() {
    if (splitFloat32 == null) {
      splitFloat32 =
          !"off".equals(System.getenv(SWITCH))
              && CpuFeatures.here().have("amx_bf16")
              && areFused()
              && mayUseTiles();
    }
    return splitFloat32;
  }

  /** Asks the system for the use of AMX. */
  private static native boolean mayUseTiles();
}
