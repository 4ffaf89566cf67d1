package dev.rankspark.hub;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Hugging Face's cache on this machine, as {@code huggingface_hub} lays it out: of each repository
 * a folder {@code models--ORGANISATION--NAME} with {@code blobs} (files by their sums), {@code
 * snapshots} (a folder for a commit, of links to blobs) and {@code refs} (the commits of branches);
 * {@code .no_exist} notes what a commit has not, and {@code .locks} beside them tells who
 * downloads.
 *
 * @param root its folder
 * @param links whether the files of a snapshot are links
 */
record HubCache(Path root, boolean links) {
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

  static boolean isCommit(String revision) {
    return COMMIT.matcher(revision).matches();
  }

  /** A repository's part of it. */
  Repository of(RepositoryName name) {
    return new Repository(name, root.resolve(name.folder()));
  }

  /** A repository's part of the cache. */
  final class Repository {
    private final RepositoryName name;
    private final Path folder;

    private Repository(RepositoryName name, Path folder) {
      this.name = name;
      this.folder = folder;
    }

    RepositoryName name() {
      return name;
    }

    /** The commit that a branch, a tag or a commit is known to be. */
    Optional<String> commit(String revision) {
      if (isCommit(revision)) {
        return Optional.of(revision);
      }
      try {
        return Optional.of(Files.readString(ref(revision)).strip()).filter(HubCache::isCommit);
      } catch (IOException e) {
        return Optional.empty();
      }
    }

    private Path ref(String revision) {
      return folder.resolve("refs").resolve(revision);
    }

    /** Notes a branch's commit; a cache that cannot be written, such as a shared one, stays. */
    void note(String revision, String commit) {
      if (isCommit(revision) || commit(revision).filter(commit::equals).isPresent()) {
        return;
      }
      try {
        Path ref = ref(revision);
        Files.createDirectories(ref.getParent());
        Path aside = ref.resolveSibling(ref.getFileName() + "." + unique() + ".tmp");
        Files.writeString(aside, commit);
        Files.move(aside, ref, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        // asked again the next time
      }
    }

    /** The folder of a commit; it need not exist. */
    Path snapshot(String commit) {
      return folder.resolve("snapshots").resolve(commit);
    }

    /** A file of a commit; it need not exist. */
    Path file(String commit, String file) {
      return snapshot(commit).resolve(file);
    }

    boolean has(String commit, String file) {
      return Files.isRegularFile(file(commit, file));
    }

    Path blob(String etag) {
      return folder.resolve("blobs").resolve(etag);
    }

    Path lock(String etag) {
      return root.resolve(".locks").resolve(name.folder()).resolve(etag + ".lock");
    }

    /** Whether the hub once said that a commit has no such file. */
    boolean isKnownAbsent(String commit, String file) {
      return Files.exists(absent(commit, file));
    }

    void noteAbsent(String commit, String file) {
      try {
        Files.createDirectories(absent(commit, file).getParent());
        Files.createFile(absent(commit, file));
      } catch (IOException e) {
        // there already, or asked again the next time
      }
    }

    private Path absent(String commit, String file) {
      return folder.resolve(".no_exist").resolve(commit).resolve(file);
    }

    /**
     * Makes a blob a file of a snapshot: a link, or where there are no links the blob itself, moved
     * there, as {@code huggingface_hub} does.
     */
    void place(String etag, String commit, String file) throws IOException {
      Path pointer = file(commit, file);
      Path blob = blob(etag);
      Files.createDirectories(pointer.getParent());
      if (Files.isSymbolicLink(pointer) && !Files.exists(pointer)) {
        Files.delete(pointer); // its blob was deleted
      }
      if (links) {
        try {
          Files.createSymbolicLink(pointer, pointer.getParent().relativize(blob));
          return;
        } catch (FileAlreadyExistsException e) {
          return; // by another process, just now
        } catch (IOException | UnsupportedOperationException e) {
          // a file system without links
        }
      }
      Files.move(blob, pointer, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Deletes a file whose bytes are wrong, and the blob that it is. */
    void discard(String commit, String file) throws IOException {
      Path pointer = file(commit, file);
      if (Files.isSymbolicLink(pointer) && Files.exists(pointer)) {
        Files.delete(pointer.toRealPath());
      }
      if (Files.exists(pointer, LinkOption.NOFOLLOW_LINKS)) {
        Files.delete(pointer);
      }
    }
  }

  /** What tells two unfinished files of one name apart. */
  static String unique() {
    return UUID.randomUUID().toString().substring(0, 8);
  }
}
