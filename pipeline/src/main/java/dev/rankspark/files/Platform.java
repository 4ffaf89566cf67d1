package dev.rankspark.files;

import dev.rankspark.DeviceException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.util.Collections;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;

/**
 * A system and the processor under it, as native libraries are built for both. The names are those
 * of DJL and of the build's property {@code rankspark.platform}.
 *
 * @param name such as {@code linux-x86_64}
 */
public record Platform(String name) {
  /** What jars are made for: PyTorch 2.7.1 is built for no other. */
  private static final Set<String> BUILT =
      Collections.unmodifiableSet(
          new TreeSet<>(Set.of("linux-x86_64", "linux-aarch64", "osx-aarch64")));

  /** Where DJL says what the libtorch on the class path is for. */
  private static final String LIBTORCH = "native/lib/pytorch.properties";

  /** That of this Java, which may differ from the machine's own: macOS translates x86_64. */
  public static Platform here() {
    return of(System.getProperty("os.name"), System.getProperty("os.arch"));
  }

  /** By Java's properties {@code os.name} and {@code os.arch}. */
  static Platform of(String system, String architecture) {
    String lowerCase = system.toLowerCase(Locale.ROOT);
    String prefix =
        lowerCase.startsWith("mac") ? "osx" : lowerCase.startsWith("win") ? "win" : lowerCase;
    return new Platform(prefix + "-" + (architecture.equals("amd64") ? "x86_64" : architecture));
  }

  public boolean isX86() {
    return name.endsWith("-x86_64");
  }

  public boolean isMacos() {
    return name.startsWith("osx-");
  }

  /**
   * Sees that the native libraries on the class path are this platform's; to be called before one
   * is loaded. Without any all is well: they lie elsewhere.
   *
   * @throws DeviceException if they are another's
   */
  static void checkClassPath(ClassLoader loader) {
    try {
      Set<String> found = new TreeSet<>();
      for (URL url : Collections.list(loader.getResources(LIBTORCH))) {
        Properties properties = new Properties();
        try (InputStream in = url.openStream()) {
          properties.load(in);
        }
        found.add(properties.getProperty("classifier", ""));
      }
      here().check(found);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Refuses native libraries of other platforms alone. */
  void check(Set<String> found) {
    if (found.isEmpty() || found.contains(name)) {
      return;
    }
    throw new DeviceException(
        "this jar is for "
            + String.join(", ", found)
            + ", this machine's Java for "
            + name
            + "; "
            + (BUILT.contains(name)
                ? "build one on it by mvn -DskipTests package, or elsewhere with -Drankspark.platform="
                    + name
                : "jars can be built for " + String.join(", ", BUILT) + " alone"));
  }
}
