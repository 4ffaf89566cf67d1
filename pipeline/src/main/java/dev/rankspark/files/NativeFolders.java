package dev.rankspark.files;

import dev.rankspark.DeviceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Where this process unpacks the native libraries of others: Spark's (snappy, zstd) and JNA into
 * the temporary folder, libtorch and the tokenizers into DJL's cache. Both must allow execution and
 * have room; where the default does not, another folder is taken, and where the user named one that
 * does not, that is said.
 */
public final class NativeFolders {
  /** The settings of snappy, zstd and JNA, whose default is the temporary folder. */
  private static final String[] TEMPORARY = {
    "org.xerial.snappy.tempdir", "ZstdTempFolder", "jna.tmpdir"
  };

  private static final String CACHE = "DJL_CACHE_DIR";

  private static final String TORCH_CPU = System.mapLibraryName("torch_cpu");

  private static final long MIB = 1L << 20;

  /** The largest library of those in the temporary folder takes 4 MiB. */
  private static final long TEMPORARY_ROOM = 16 * MIB;

  /** libtorch takes 445 MB. */
  private static final long CACHE_ROOM = 500 * MIB;

  private static Path temporary;
  private static boolean cacheIsReady;

  private NativeFolders() {}

  /**
   * The folder for small libraries, found and set at the first call; to be called before one of
   * them is loaded.
   *
   * @throws DeviceException if there is none
   */
  public static synchronized Path temporary() {
    if (temporary == null) {
      Path usual = Path.of(System.getProperty("java.io.tmpdir"));
      temporary = usual;
      Optional<String> problem = problem(usual, TEMPORARY_ROOM);
      if (problem.isPresent()) {
        temporary =
            others()
                .filter(folder -> problem(folder, TEMPORARY_ROOM).isEmpty())
                .findFirst()
                .orElseThrow(
                    () ->
                        new DeviceException(
                            "native libraries need a temporary folder that allows execution; "
                                + usual
                                + " "
                                + problem.get()
                                + ": name another by TMPDIR for bin/rankspark, or by"
                                + " -Djava.io.tmpdir=DIR in spark.driver.extraJavaOptions and"
                                + " spark.executor.extraJavaOptions"));
        for (String setting : TEMPORARY) {
          if (System.getProperty(setting) == null) {
            System.setProperty(setting, temporary.toString());
          }
        }
      }
    }
    return temporary;
  }

  /**
   * Sees to DJL's cache; to be called before a library of DJL is loaded.
   *
   * @throws DeviceException if it is of no use, or the libraries are another platform's
   */
  public static synchronized void prepareCache() {
    temporary();
    if (cacheIsReady) {
      return;
    }
    Platform.checkClassPath(NativeFolders.class.getClassLoader());
    // All that is needed is in the jar or on the machine. On a GPU machine DJL would look for a
    // tokenizers library for CUDA in the net.
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("RUST_FLAVOR", "cpu");
    String named = System.getenv().getOrDefault(CACHE, System.getProperty(CACHE, ""));
    Path usual =
        named.isEmpty() ? Path.of(System.getProperty("user.home"), ".djl.ai") : Path.of(named);
    Optional<String> problem = cacheProblem(usual);
    if (problem.isPresent()) {
      Optional<Path> other =
          others()
              .map(folder -> folder.resolve("djl.ai-" + System.getProperty("user.name")))
              .filter(folder -> named.isEmpty() && cacheProblem(folder).isEmpty() && isOwn(folder))
              .findFirst();
      if (other.isEmpty()) {
        throw new DeviceException(
            "libtorch needs a folder that allows execution, with 500 MB; "
                + usual
                + (named.isEmpty() ? "" : ", which DJL_CACHE_DIR names,")
                + " "
                + problem.get()
                + ": set DJL_CACHE_DIR to another (spark.executorEnv.DJL_CACHE_DIR on a cluster)");
      }
      System.setProperty(CACHE, other.get().toString());
    }
    cacheIsReady = true;
  }

  /** Folders that may do instead, the scratch folders of a cluster's manager first. */
  private static Stream<Path> others() {
    Set<Path> folders = new LinkedHashSet<>();
    for (String variable : new String[] {"SPARK_LOCAL_DIRS", "LOCAL_DIRS"}) {
      Arrays.stream(System.getenv().getOrDefault(variable, "").split(","))
          .filter(folder -> !folder.isBlank())
          .forEach(folder -> folders.add(Path.of(folder)));
    }
    folders.add(Path.of(System.getProperty("java.io.tmpdir")));
    folders.add(Path.of("/var/tmp"));
    folders.add(Path.of(System.getProperty("user.home"), ".cache"));
    folders.add(Path.of("/dev/shm"));
    return folders.stream();
  }

  /** Whether this user made it: code that somebody else put where all may write is not run. */
  private static boolean isOwn(Path folder) {
    try {
      Path file = Files.createTempFile(folder, "rankspark", "");
      try {
        return Files.getOwner(file).equals(Files.getOwner(folder));
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      return false;
    }
  }

  private static Optional<String> cacheProblem(Path folder) {
    boolean isFilled = isFilled(folder);
    if (isFilled && !Files.isWritable(folder)) {
      return Optional.empty(); // filled by another user, such as the one who built an image
    }
    return problem(folder, isFilled ? MIB : CACHE_ROOM);
  }

  /** Whether libtorch is there already, or elsewhere. */
  private static boolean isFilled(Path cache) {
    if (System.getenv("PYTORCH_LIBRARY_PATH") != null) {
      return true;
    }
    try (Stream<Path> versions = Files.list(cache.resolve("pytorch"))) {
      return versions.anyMatch(version -> Files.exists(version.resolve(TORCH_CPU)));
    } catch (IOException e) {
      return false;
    }
  }

  /** Why libraries cannot be unpacked into a folder and loaded from there, if so. */
  private static Optional<String> problem(Path folder, long room) {
    try {
      Files.createDirectories(folder);
      Path file = Files.createTempFile(folder, "rankspark", ".so");
      try {
        // Linux answers no for an executable file where the file system is mounted with noexec.
        if (!file.toFile().setExecutable(true) || !Files.isExecutable(file)) {
          return Optional.of("does not allow execution (noexec)");
        }
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      return Optional.of("cannot be written (" + e.getMessage() + ")");
    }
    long free = folder.toFile().getUsableSpace();
    return free < room
        ? Optional.of("is full: " + free / MIB + " of " + room / MIB + " MiB are free")
        : Optional.empty();
  }
}
