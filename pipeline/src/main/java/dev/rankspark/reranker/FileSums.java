package dev.rankspark.reranker;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.FileState;
import dev.rankspark.files.LocalFile;
import dev.rankspark.files.Sha256;
import dev.rankspark.files.Shown;
import dev.rankspark.files.UserCache;
import dev.rankspark.files.UserPath;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;

/**
 * SHA-256 of files, computed once: each is remembered beside what tells that the file is still the
 * same, its size, time and, where it is local, its inode and the time of that. 14 GB take a minute,
 * and are not read at every start.
 */
public final class FileSums {
  /** A file changed so lately may change again without another time. */
  private static final long TOO_NEW_MILLIS = 2_000;

  private static final int BUFFER = 1 << 20;

  private final UserCache cache;

  private FileSums(UserCache cache) {
    this.cache = cache;
  }

  /** Remembers in a folder, which is made when it is needed. */
  public static FileSums in(Path folder) {
    return new FileSums(UserCache.in(folder));
  }

  /** Remembers in the user's cache folder. */
  public static FileSums ofUser() {
    return new FileSums(UserCache.ofUser("sha256"));
  }

  /**
   * The sums of files, in their order; those that are not remembered are computed side by side.
   *
   * @throws InputException if one cannot be read, or changed since it was looked at
   */
  public Map<FileState, String> of(Collection<FileState> files, Configuration hadoop) {
    Map<String, String> byPath = new ConcurrentHashMap<>();
    files.stream()
        .map(FileState::path)
        .distinct()
        .parallel()
        .forEach(path -> byPath.put(path, sum(path, hadoop)));
    Map<FileState, String> sums = new LinkedHashMap<>();
    for (FileState file : files) {
      if (!FileState.of(file.role(), file.path(), hadoop).equals(file)) {
        throw InputException.of("%s changed while it was read", Shown.text(file.path()));
      }
      sums.put(file, byPath.get(file.path()));
    }
    return sums;
  }

  private String sum(String path, Configuration hadoop) {
    try {
      String version = version(path, hadoop);
      Optional<String> remembered =
          cache
              .read(path)
              .filter(value -> value.startsWith(version + "\n"))
              .map(value -> value.substring(version.length() + 1))
              .filter(sum -> sum.matches("[0-9a-f]{64}"));
      if (remembered.isPresent()) {
        return remembered.get();
      }
      String sum = compute(path, hadoop);
      if (version(path, hadoop).equals(version)) {
        cache.write(path, version + "\n" + sum);
      }
      return sum;
    } catch (IOException e) {
      throw new InputException(Shown.text(path) + " cannot be read: " + Shown.reason(e), e);
    }
  }

  /** Another text whenever the file may be another one. */
  private static String version(String path, Configuration hadoop) throws IOException {
    UserPath given = UserPath.of(path, hadoop);
    Optional<LocalFile> local = LocalFile.of(given.system(), given.path());
    FileState state = FileState.of("", path, hadoop);
    String version = state.length() + " " + state.modified();
    long changed = state.modified();
    if (local.isPresent()) {
      Map<String, Object> attributes =
          Files.readAttributes(local.get().path(), "unix:ino,ctime,lastModifiedTime");
      FileTime inodeChanged = (FileTime) attributes.get("ctime");
      version +=
          " "
              + attributes.get("ino")
              + " "
              + attributes.get("lastModifiedTime")
              + " "
              + inodeChanged;
      changed = Math.max(changed, inodeChanged.toMillis());
    }
    boolean tooNew = System.currentTimeMillis() - changed < TOO_NEW_MILLIS;
    return tooNew ? version + " and still warm at " + System.nanoTime() : version;
  }

  private static String compute(String path, Configuration hadoop) throws IOException {
    UserPath given = UserPath.of(path, hadoop);
    MessageDigest digest = Sha256.begin();
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = given.system().open(given.path())) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
      }
    }
    return Sha256.hex(digest);
  }
}
