package dev.rankspark.cuda;

import dev.rankspark.DeviceException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The libtorch that DJL will load here: the jar's, or one of the user's own.
 *
 * @param folder where the user's own lies; none is the jar's, for CPUs
 * @param forCuda whether it computes on GPUs
 * @param cuda the CUDA that it is built for, such as {@code 12.6}, where it says so
 * @param version such as {@code 2.7.1}; none where nothing says it
 */
public record Libtorch(
    Optional<Path> folder, boolean forCuda, Optional<String> cuda, Optional<String> version) {
  static final String LIBRARY_PATH = "PYTORCH_LIBRARY_PATH";
  static final String FLAVOR = "PYTORCH_FLAVOR";
  static final String VERSION = "PYTORCH_VERSION";

  /** DJL's one part between Java and libtorch for GPUs; it works with CUDA 12.6's as well. */
  static final String CUDA_FLAVOR = "cu128";

  private static final String CPU_FLAVOR = "cpu";

  private static final String DJL_PART = "libdjl_torch.so";

  private static final Pattern PIP_VERSION =
      Pattern.compile("^__version__(?:: \\w+)? = '([^']+)'", Pattern.MULTILINE);

  private static final Pattern PIP_CUDA =
      Pattern.compile("^cuda(?:: [^=]+)? = '([^']+)'", Pattern.MULTILINE);

  private static final Pattern BUILD_CUDA = Pattern.compile("\\+cu(\\d+)(\\d)$");

  /**
   * Finds it, as DJL does, and tells DJL what it would not find out itself; to be called before DJL
   * loads it. DJL would take the jar's libtorch where the folder that was named has none, and
   * download where versions differ; both are refused.
   *
   * @throws DeviceException if what the environment names is of no use
   */
  public static Libtorch prepare() {
    Libtorch found = find(environment());
    // DJL reads the environment first, then the properties.
    if (found.folder.isPresent()) {
      System.setProperty(FLAVOR, found.forCuda ? CUDA_FLAVOR : CPU_FLAVOR);
    }
    return found;
  }

  /** The environment, with the properties that DJL takes in its place. */
  static Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>(System.getenv());
    for (String name : new String[] {LIBRARY_PATH, FLAVOR, VERSION}) {
      Optional.ofNullable(System.getProperty(name))
          .ifPresent(value -> environment.putIfAbsent(name, value));
    }
    return environment;
  }

  static Libtorch find(Map<String, String> environment) {
    Optional<String> path = value(environment, LIBRARY_PATH);
    String needed = djlVersion();
    if (path.isEmpty()) {
      checkVersion(environment, needed);
      return new Libtorch(Optional.empty(), false, Optional.empty(), Optional.of(needed));
    }
    Path folder =
        Arrays.stream(path.get().split(File.pathSeparator))
            .map(Path::of)
            .map(
                given -> given.endsWith("libtorch.so") ? given.toAbsolutePath().getParent() : given)
            .filter(candidate -> Files.isRegularFile(candidate.resolve("libtorch.so")))
            .findFirst()
            .orElseThrow(
                () ->
                    new DeviceException(
                        LIBRARY_PATH
                            + ": no libtorch.so in "
                            + path.get()
                            + "; name the torch/lib folder of a pip torch "
                            + needed
                            + ", or unset it for the jar's libtorch"));
    boolean forCuda = Files.exists(folder.resolve("libtorch_cuda.so"));
    Optional<String> version = version(folder);
    Optional<String> plainVersion = version.map(found -> found.replaceFirst("\\+.*", ""));
    boolean hasDjlPart = hasDjlPart(folder);
    if (!hasDjlPart) {
      checkVersion(environment, needed);
      if (plainVersion.isPresent() && !plainVersion.get().equals(needed)) {
        throw new DeviceException(
            LIBRARY_PATH
                + ": the libtorch in "
                + folder
                + " is "
                + version.get()
                + ", the jar's DJL is built for "
                + needed
                + "; install torch=="
                + needed
                + ", or put a "
                + DJL_PART
                + " that is built for yours beside it");
      }
      value(environment, FLAVOR).ifPresent(flavor -> checkFlavor(flavor, forCuda, folder));
    }
    // DJL's part in the jar loads beside its own version alone, so that is what is there.
    Optional<String> presumed = hasDjlPart ? value(environment, VERSION) : Optional.of(needed);
    return new Libtorch(
        Optional.of(folder), forCuda, cudaOf(folder, version), plainVersion.or(() -> presumed));
  }

  private static void checkVersion(Map<String, String> environment, String needed) {
    value(environment, VERSION)
        .filter(asked -> !needed.equals(asked))
        .ifPresent(
            asked -> {
              throw new DeviceException(
                  VERSION
                      + "="
                      + asked
                      + ": the jar's DJL is built for "
                      + needed
                      + " and nothing is downloaded; unset it");
            });
  }

  private static void checkFlavor(String flavor, boolean forCuda, Path folder) {
    boolean isKnown = flavor.equals(CPU_FLAVOR) || (forCuda && flavor.equals(CUDA_FLAVOR));
    if (!isKnown) {
      throw new DeviceException(
          FLAVOR
              + "="
              + flavor
              + ": for the libtorch in "
              + folder
              + (forCuda ? " DJL has cu128 (for CUDA 12.6 too) and cpu" : ", a CPU's, DJL has cpu")
              + "; unset it, and the right one is taken");
    }
  }

  /** A part of DJL's that the user built for this libtorch; DJL asks for no version then. */
  private static boolean hasDjlPart(Path folder) {
    try (var files = Files.list(folder)) {
      return files.anyMatch(file -> file.getFileName().toString().endsWith(DJL_PART));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As pip's torch and PyTorch's archives of libtorch say it. */
  private static Optional<String> version(Path folder) {
    return text(folder.resolveSibling("version.py"))
        .flatMap(text -> first(PIP_VERSION, text))
        .or(() -> text(folder.resolveSibling("build-version")).map(String::strip));
  }

  private static Optional<String> cudaOf(Path folder, Optional<String> version) {
    return text(folder.resolveSibling("version.py"))
        .flatMap(text -> first(PIP_CUDA, text))
        .or(
            () ->
                version
                    .map(BUILD_CUDA::matcher)
                    .filter(Matcher::find)
                    .map(cuda -> cuda.group(1) + "." + cuda.group(2)));
  }

  private static Optional<String> first(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  private static Optional<String> text(Path file) {
    try {
      return Files.isRegularFile(file) ? Optional.of(Files.readString(file)) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // not as somebody else wrote it: then nothing is known
    }
  }

  /** The libtorch that the jar's DJL is built for, such as {@code 2.7.1}. */
  static String djlVersion() {
    try (InputStream in =
        Libtorch.class.getClassLoader().getResourceAsStream("jnilib/pytorch.properties")) {
      Properties properties = new Properties();
      properties.load(in);
      return properties.getProperty("jni_version").replaceFirst("-.*", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<String> value(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
  }
}
