package dev.rankspark.cluster;

import dev.rankspark.DeviceException;
import java.io.File;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;

/**
 * Folders of the driver's machine, for executors that do not see them. The driver serves their
 * files as Spark serves those of {@code addFile}; an executor fetches a folder when it needs it,
 * once for all its tasks and jobs, and only where the same files are not there at the same path
 * already.
 */
public final class DriverFolders implements UnaryOperator<String>, Serializable {
  private static final long serialVersionUID = 1L;

  private static final String DRIVER = "driver";
  private static final long PART = 64L << 20;

  /** What this executor has fetched. */
  private static final Map<Folder, Path> COPIES = new HashMap<>();

  /** A file as the driver saw it. */
  private record Seen(String name, long length, long modified) implements Serializable {
    private boolean isIn(Path folder) {
      Path file = folder.resolve(name);
      try {
        return Files.isRegularFile(file)
            && Files.size(file) == length
            && Files.getLastModifiedTime(file).toMillis() == modified;
      } catch (IOException e) {
        return false;
      }
    }
  }

  /** A folder's path on the driver and its files. */
  private record Folder(String path, List<Seen> files) implements Serializable {}

  private final TreeMap<String, Folder> folders;

  /** By the folders' paths: they change from job to job, the folders do not. */
  private final TreeMap<String, String> addresses;

  private DriverFolders(Map<String, Folder> folders, Map<String, String> addresses) {
    this.folders = new TreeMap<>(folders);
    this.addresses = new TreeMap<>(addresses);
  }

  /** Serves folders until the session ends; none where the driver is the executor. */
  public static DriverFolders serve(SparkContext spark, Collection<String> paths) {
    Map<String, Folder> folders = new HashMap<>();
    Map<String, String> addresses = new HashMap<>();
    if (!spark.isLocal()) {
      for (String path : paths) {
        folders.put(path, new Folder(path, files(Path.of(path))));
        addresses.put(
            path,
            SparkEnv.get()
                .rpcEnv()
                .fileServer()
                .addDirectory("/rankspark-" + UUID.randomUUID(), new File(path)));
      }
    }
    return new DriverFolders(folders, addresses);
  }

  private static List<Seen> files(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .sorted()
          .map(
              file -> {
                try {
                  return new Seen(
                      folder.relativize(file).toString(),
                      Files.size(file),
                      Files.getLastModifiedTime(file).toMillis());
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              })
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where a folder is on the machine that asks; any other path is what it was. */
  @Override
  public String apply(String path) {
    Folder folder = folders.get(path);
    if (folder == null
        || SparkEnv.get().executorId().equals(DRIVER)
        || folder.files().stream().allMatch(file -> file.isIn(Path.of(path)))) {
      return path;
    }
    synchronized (COPIES) {
      return COPIES
          .computeIfAbsent(folder, wanted -> fetch(wanted, addresses.get(path)))
          .toString();
    }
  }

  private static Path fetch(Folder folder, String address) {
    Path path = Path.of(folder.path());
    long bytes = folder.files().stream().mapToLong(Seen::length).sum();
    // The end of the path says what it is.
    int names = path.getNameCount();
    Path copy =
        room(bytes)
            .resolve("rankspark-" + UUID.randomUUID())
            .resolve(path.subpath(Math.max(0, names - 3), names));
    try {
      for (Seen file : folder.files()) {
        fetch(file, address, copy.resolve(file.name()));
      }
      return copy;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "fetching " + folder.path() + " from the driver: " + e.getMessage(), e);
    }
  }

  private static void fetch(Seen file, String address, Path target) throws IOException {
    Files.createDirectories(target.getParent());
    try (ReadableByteChannel in =
            SparkEnv.get().rpcEnv().openChannel(address + "/" + encoded(file.name()));
        FileChannel out =
            FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long there = 0;
      long more = 1;
      while (there < file.length() && more > 0) {
        more = out.transferFrom(in, there, Math.min(PART, file.length() - there));
        there += more;
      }
      if (there != file.length()) {
        throw new IOException(file.name() + " has " + there + " bytes instead of " + file.length());
      }
    }
    Files.setLastModifiedTime(target, FileTime.fromMillis(file.modified()));
  }

  private static String encoded(String name) {
    try {
      return new URI(null, null, "/" + name, null).getRawPath().substring(1);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(name, e);
    }
  }

  /** Of the executor's own folders, which Spark removes with it, the one with the most room. */
  private static Path room(long bytes) {
    Path best =
        Arrays.stream(SparkEnv.get().blockManager().diskBlockManager().localDirs())
            .map(File::toPath)
            .max(Comparator.comparingLong(DriverFolders::left))
            .orElseThrow();
    if (left(best) < bytes) {
      throw new DeviceException(
          String.format(
              Locale.ROOT,
              "an executor needs %.1f GB for the model's files, and %s has %.1f GB left: let the"
                  + " executors see the cache (HF_HOME on a shared folder), or give them another"
                  + " SPARK_LOCAL_DIRS",
              bytes / 1e9,
              best,
              left(best) / 1e9));
    }
    return best;
  }

  private static long left(Path folder) {
    return folder.toFile().getUsableSpace();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DriverFolders that && folders.equals(that.folders);
  }

  @Override
  public int hashCode() {
    return folders.hashCode();
  }
}
