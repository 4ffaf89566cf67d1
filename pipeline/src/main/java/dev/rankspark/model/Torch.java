package dev.rankspark.model;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;
import dev.rankspark.DeviceException;
import dev.rankspark.files.NativeFolders;

/** libtorch under DJL: its loading and its settings per thread. */
public final class Torch {
  private Torch() {}

  /**
   * The engine, loaded at the first call.
   *
   * @throws DeviceException if libtorch does not load here
   */
  public static Engine engine() {
    // DJL counts its users by a request to the cloud's metadata service; a batch job opens no such
    // connections.
    System.setProperty("OPT_OUT_TRACKING", "true");
    NativeFolders.prepareCache();
    try {
      return Engine.getEngine("PyTorch");
    } catch (RuntimeException | LinkageError e) {
      throw new DeviceException("libtorch does not load on this machine: " + rootMessage(e), e);
    }
  }

  /** To be called on each thread that runs a program: both settings are the thread's own. */
  static void prepareThread(int threads) {
    engine();
    JniUtils.setNumThreads(threads);
    // Profiling runs and specialization by shape cost more than they gain: every batch has another
    // shape.
    JniUtils.setGraphExecutorOptimize(false);
  }

  private static String rootMessage(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage());
  }
}
