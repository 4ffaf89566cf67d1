package dev.rankspark.model;

import ai.djl.util.Utils;
import dev.rankspark.cuda.Libtorch;
import dev.rankspark.files.NativeFolders;
import dev.rankspark.files.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * Loads a library of our own from the class path. Such a library names libtorch_cpu.so and
 * libc10.so without a path, which the loader resolves to those that are loaded already: DJL's,
 * wherever they lie.
 */
public final class NativeLibrary {
  /** The libtorch that ours are built against, by {@code pipeline/src/main/native}. */
  static final String LIBTORCH = "2.7.1";

  private NativeLibrary() {}

  /**
   * Whether a library is there for a platform.
   *
   * @param owner the class with its native methods
   */
  public static boolean exists(Class<?> owner, String name, Platform platform) {
    return owner.getResource(resource(name, platform)) != null;
  }

  /**
   * Loads this platform's library, after libtorch.
   *
   * @param owner the class with its native methods, beside which the platforms' folders lie
   * @throws IOException if it is not there or cannot be unpacked
   * @throws UnsatisfiedLinkError if it does not load beside this libtorch
   */
  public static void load(Class<?> owner, String name) throws IOException {
    Torch.engine();
    checkLibtorch(Libtorch.prepare().version());
    // DJL loads its own from there, so libraries may be executed there, which /tmp may forbid.
    Path folder = Utils.getEngineCacheDir("pytorch");
    if (!Files.isWritable(folder)) {
      folder = NativeFolders.temporary(); // a cache that another user filled
    }
    // A file for this class loader alone: the JVM loads no file for two of them.
    Path file = Files.createTempFile(folder, "rankspark", ".so");
    try (InputStream library = owner.getResourceAsStream(resource(name, Platform.here()))) {
      if (library == null) {
        throw new IOException("it is not on the class path");
      }
      Files.copy(library, file, StandardCopyOption.REPLACE_EXISTING);
      System.load(file.toString());
    } finally {
      Files.delete(file); // what is mapped stays
    }
  }

  private static String resource(String name, Platform platform) {
    return platform.name() + "/" + name;
  }

  /**
   * Refuses another libtorch before anything is loaded: its classes have other layouts under the
   * same names, so that the loader sees nothing wrong and the process ends.
   */
  static void checkLibtorch(Optional<String> version) {
    if (!version.equals(Optional.of(LIBTORCH))) {
      throw new UnsatisfiedLinkError(
          "it is built for libtorch "
              + LIBTORCH
              + ", this is "
              + version.orElse("one of an unknown version"));
    }
  }
}
