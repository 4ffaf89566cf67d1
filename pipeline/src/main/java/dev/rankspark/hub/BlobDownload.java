package dev.rankspark.hub;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import dev.rankspark.hub.HubClient.FileHead;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;

/**
 * One file on its way into the cache. It grows as {@code ETAG.incomplete}, goes on from there after
 * a cut or in another run, is compared with the sum that names it, and is renamed to its place:
 * what bears a blob's name is whole. Another process that fetches the same file is waited for.
 */
final class BlobDownload {
  private static final int BUFFER = 1 << 20;
  private static final int PARTIAL = 206;
  private static final String INCOMPLETE = ".incomplete";

  private final HubSettings settings;
  private final HubClient client;
  private final HubCache.Repository repository;
  private final DownloadListener listener;
  private final String file;
  private final FileHead head;

  BlobDownload(
      HubSettings settings,
      HubClient client,
      HubCache.Repository repository,
      DownloadListener listener,
      String file,
      FileHead head) {
    this.settings = settings;
    this.client = client;
    this.repository = repository;
    this.listener = listener;
    this.file = file;
    this.head = head;
  }

  /**
   * Fetches it, if no other has meanwhile, and makes it a file of the snapshot.
   *
   * @throws InputException if it cannot be fetched or written; what came stays for the next time
   */
  void into(String commit) {
    Path blob = repository.blob(head.etag());
    try (HubLock lock =
        HubLock.acquire(
            repository.lock(head.etag()),
            () -> listener.note("waiting for another process that fetches " + title()))) {
      if (repository.has(commit, file)) {
        return;
      }
      Files.createDirectories(blob.getParent());
      if (!Files.isRegularFile(blob) || Files.size(blob) != head.size()) {
        String own = lock.isHeld() ? "" : "." + HubCache.unique();
        fetch(commit, blob, blob.resolveSibling(head.etag() + own + INCOMPLETE));
      }
      repository.place(head.etag(), commit, file);
    } catch (IOException e) {
      throw new InputException(
          title() + " cannot be kept in " + settings.cache() + ": " + Shown.reason(e) + elsewhere(),
          e);
    }
  }

  private String title() {
    return repository.name() + " " + Shown.text(file);
  }

  private static String elsewhere() {
    return "; free some room there, or name another place by HF_HOME or --cache-dir; what came is"
        + " kept, and the same command goes on from it";
  }

  private void fetch(String commit, Path blob, Path incomplete) throws IOException {
    long there = there(incomplete);
    checkRoom(incomplete, head.size() - there);
    listener.begins(repository.name().toString(), file, head.size(), there);
    try {
      if (!isRight(commit, incomplete)) {
        listener.note(title() + " came with other bytes than its sum says; fetched once more");
        listener.advanced(-head.size());
        Files.delete(incomplete);
        if (!isRight(commit, incomplete)) {
          Files.delete(incomplete);
          throw InputException.of(
              "%s came with other bytes than %s says, twice (expected the sum %s): see to a proxy on"
                  + " the way, or try again later",
              title(), settings.host(), head.etag());
        }
      }
      Files.move(
          incomplete, blob, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      listener.ended();
    }
  }

  private long there(Path incomplete) throws IOException {
    long there = Files.exists(incomplete) ? Files.size(incomplete) : 0;
    if (there > head.size()) {
      Files.delete(incomplete); // of another writer's making
      return 0;
    }
    return there;
  }

  private void checkRoom(Path incomplete, long bytes) throws IOException {
    long room = Files.getFileStore(incomplete.getParent()).getUsableSpace();
    if (room < bytes) {
      throw InputException.of(
          "%s needs %s, and %s has %s left%s",
          title(), size(bytes), settings.cache(), size(room), elsewhere());
    }
  }

  /** In people's units. */
  private static String size(long bytes) {
    return bytes >= 1_000_000_000
        ? String.format(Locale.ROOT, "%.1f GB", bytes / 1e9)
        : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }

  /** Brings the file to its size, and compares its bytes with its sum. */
  private boolean isRight(String commit, Path incomplete) throws IOException {
    FileDigest digest = new FileDigest(head.etag(), head.size());
    long offset = there(incomplete);
    read(incomplete, offset, digest);
    try (FileChannel channel =
            FileChannel.open(incomplete, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        OutputStream out = java.nio.channels.Channels.newOutputStream(channel)) {
      Fetched fetched = new Fetched(offset, digest);
      int failures = 0;
      while (fetched.offset < head.size()) {
        long before = fetched.offset;
        Optional<IOException> cut = fetched.more(commit, channel, out);
        failures = fetched.offset > before ? 0 : failures + 1;
        if (cut.isPresent() && failures > HubClient.RETRIES) {
          throw new HubFailures(settings, repository.name(), "", file).unreachable(cut.get());
        }
        if (cut.isPresent()) {
          HubClient.sleep(settings.pause());
        }
      }
      channel.force(false); // before its name says that it is whole
      return fetched.digest.isRight();
    }
  }

  private static void read(Path incomplete, long length, FileDigest digest) throws IOException {
    if (length == 0) {
      return;
    }
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = Files.newInputStream(incomplete)) {
      for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
        digest.update(buffer, n);
      }
    }
  }

  /** How far the file has come. */
  private final class Fetched {
    private long offset;
    private FileDigest digest;

    Fetched(long offset, FileDigest digest) {
      this.offset = offset;
      this.digest = digest;
    }

    /**
     * Reads on until the file's end, or until the connection is cut.
     *
     * @return what cut it
     * @throws IOException if the file cannot be written
     */
    Optional<IOException> more(String commit, FileChannel channel, OutputStream out)
        throws IOException {
      HttpResponse<InputStream> response = client.get(repository.name(), commit, file, offset);
      try (InputStream in = response.body();
          Patience patience = new Patience(in, settings.timeout())) {
        if (offset > 0 && !isFrom(response, offset)) {
          restart(channel); // whoever serves it begins at its beginning
        }
        byte[] buffer = new byte[BUFFER];
        while (offset < head.size()) {
          int n;
          try {
            n = in.read(buffer, 0, (int) Math.min(buffer.length, head.size() - offset));
          } catch (IOException e) {
            return Optional.of(patience.isLost() ? new IOException("no answer in time") : e);
          }
          if (n < 0) {
            return Optional.of(new EOFException("the connection was cut"));
          }
          patience.heard();
          out.write(buffer, 0, n);
          digest.update(buffer, n);
          offset += n;
          listener.advanced(n);
        }
      }
      return Optional.empty();
    }

    private boolean isFrom(HttpResponse<?> response, long first) {
      return response.statusCode() == PARTIAL
          && HubFailures.header(response, "Content-Range")
              .filter(range -> range.startsWith("bytes " + first + "-"))
              .isPresent();
    }

    private void restart(FileChannel channel) throws IOException {
      channel.truncate(0);
      listener.advanced(-offset);
      offset = 0;
      digest = new FileDigest(head.etag(), head.size());
    }
  }
}
