package dev.rankspark.reranker;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.FileState;
import dev.rankspark.files.LocalFile;
import dev.rankspark.files.Shown;
import dev.rankspark.files.UserPath;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
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

  private final Path folder;

  private FileSums(Path folder) {
    this.folder = folder;
  }

  /** Remembers in a folder, which is made when it is needed. */
  public static FileSums in(Path folder) {
    return new FileSums(folder);
  }

  /** Remembers in the user's cache folder: {@code XDG_CACHE_HOME}, or {@code .cache} at home. */
  public static FileSums ofUser() {
    String cache = System.getenv("XDG_CACHE_HOME");
    Path root =
        cache == null || cache.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(cache);
    return in(root.resolve("rankspark").resolve("sha256"));
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
      Path remembered = folder.resolve(hex(digest(path.getBytes(StandardCharsets.UTF_8))));
      if (Files.exists(remembered)) {
        String[] lines = Files.readString(remembered).split("\n", 3);
        if (lines.length == 3 && lines[0].equals(version) && lines[1].matches("[0-9a-f]{64}")) {
          return lines[1];
        }
      }
      String sum = compute(path, hadoop);
      if (version(path, hadoop).equals(version)) {
        remember(remembered, version + "\n" + sum + "\n" + path + "\n");
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
    MessageDigest digest = sha256();
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = given.system().open(given.path())) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
      }
    }
    return hex(digest.digest());
  }

  /** What cannot be remembered is computed again. */
  private void remember(Path file, String text) {
    try {
      Files.createDirectories(folder);
      Path aside = Files.createTempFile(folder, ".sum", "");
      Files.writeString(aside, text);
      Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | UncheckedIOException e) {
      // a home that cannot be written
    }
  }

  private static byte[] digest(byte[] bytes) {
    return sha256().digest(bytes);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }
}
