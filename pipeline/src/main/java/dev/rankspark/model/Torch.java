package dev.rankspark.model;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;
import dev.rankspark.DeviceException;
import dev.rankspark.cuda.Libtorch;
import dev.rankspark.files.NativeFolders;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** libtorch under DJL: its loading and its settings per thread. */
public final class Torch {
  private static final Pattern ABSENT_LIBRARY =
      Pattern.compile("([^\\s:/]+): cannot open shared object file");

  /** Of a C or C++ library that is older than libtorch, such as {@code GLIBC_2.28}. */
  private static final Pattern OLD_LIBRARY =
      Pattern.compile("version [`']((?:GLIBC|GLIBCXX|CXXABI)_[\\d.]+)' not found");

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
    Libtorch.prepare();
    try {
      return Engine.getEngine("PyTorch");
    } catch (RuntimeException | LinkageError e) {
      throw new DeviceException(
          "libtorch does not load on " + machine() + ": " + explained(rootMessage(e)), e);
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

  /** One of a cluster's has to be found again. */
  private static String machine() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "this machine";
    }
  }

  /** The loader's message, with what to do about it. */
  static String explained(String message) {
    Matcher absent = ABSENT_LIBRARY.matcher(message);
    if (absent.find()) {
      String library = absent.group(1);
      return message
          + (library.startsWith("libcuda.so")
              ? "; a libtorch for CUDA needs NVIDIA's driver: without one unset PYTORCH_LIBRARY_PATH"
              : "; install "
                  + library
                  + " or put its folder on LD_LIBRARY_PATH; pip's torch, if PYTORCH_LIBRARY_PATH names"
                  + " it, brings what CUDA needs");
    }
    Matcher old = OLD_LIBRARY.matcher(message);
    if (old.find()) {
      return message
          + "; libtorch needs a Linux with "
          + old.group(1)
          + " (glibc 2.28 and GCC 8's libstdc++, of 2018, or newer): take another image for this"
          + " machine";
    }
    return message.contains("undefined symbol")
        ? message
            + "; DJL was built for another libtorch: name one of its version, or unset"
            + " PYTORCH_LIBRARY_PATH"
        : message;
  }

  private static String rootMessage(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage());
  }
}
