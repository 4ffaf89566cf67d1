package dev.rankspark.model;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Products of float32 matrices by the AMX instructions of Intel's Xeons from the fourth generation
 * on: the operator {@code rankspark::product} (x (N, K), w (M, K) -> x w^T (N, M)) for programs,
 * from the library of {@code products.cpp}. They are as exact as those of float32 instructions and
 * faster.
 */
final class AmxProducts {
  static final String NAME = "librankspark_products.so";

  /** Set to {@code off}, products are libtorch's own. */
  static final String SWITCH = "RANKSPARK_AMX";

  private static final Logger LOG = LoggerFactory.getLogger(AmxProducts.class);

  private static Boolean areAvailable;

  private AmxProducts() {}

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
      NativeLibrary.load(AmxProducts.class, NAME);
      return true;
    } catch (IOException | UnsatisfiedLinkError e) {
      LOG.warn(
          "{} does not load beside this libtorch: {}; float32 products are libtorch's own, slower"
              + " ones ({}=off says so without this line)",
          NAME,
          e.getMessage(),
          SWITCH);
      return false;
    }
  }

  /** Asks the system for the use of AMX. */
  private static native boolean isSupported();
}
