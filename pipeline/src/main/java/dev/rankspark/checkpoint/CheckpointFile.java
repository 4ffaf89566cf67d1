package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.io.Closeable;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * A file of a checkpoint on any Hadoop file system, read by position. Holds no stream: cheap to
 * keep. What cannot be read is an {@link InputException} that names the file.
 */
final class CheckpointFile implements TensorBytes {
  // 4 MiB: large enough for one request to an object store, small beside any tensor worth slicing.
  private static final int CHUNK = 4 << 20;
  private static final String LFS_POINTER = "version https://git-lfs";

  private final FileSystem fileSystem;
  private final Path path;
  private final String shownPath;
  private final long length;

  /**
   * @param shownPath the path as messages name it
   * @param length the file's size in bytes when it was opened
   */
  CheckpointFile(FileSystem fileSystem, Path path, String shownPath, long length) {
    this.fileSystem = fileSystem;
    this.path = path;
    this.shownPath = shownPath;
    this.length = length;
  }

  /** The path, as messages name it. */
  @Override
  public String path() {
    return shownPath;
  }

  long length() {
    return length;
  }

  /** The absolute path, if the file is on this machine. */
  @Override
  public Optional<String> local() {
    return localFile().map(File::getAbsolutePath);
  }

  /**
   * A range of the file in little-endian order: mapped where the file is local, else read into
   * direct memory.
   *
   * @throws IllegalArgumentException if the range is not inside the file
   */
  @Override
  public ByteBuffer bytes(long offset, int size) {
    checkRange(offset, size);
    if (size == 0) {
      return ByteBuffer.allocateDirect(0).order(ByteOrder.LITTLE_ENDIAN);
    }
    Optional<File> local = localFile();
    return (local.isPresent() ? map(local.get(), offset, size) : copy(offset, size))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  private ByteBuffer map(File local, long offset, int size) {
    try (FileChannel channel = FileChannel.open(local.toPath(), StandardOpenOption.READ)) {
      return channel.map(MapMode.READ_ONLY, offset, size);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private ByteBuffer copy(long offset, int size) {
    ByteBuffer copy = ByteBuffer.allocateDirect(size);
    try (Reader reader = open()) {
      while (copy.hasRemaining()) {
        copy.put(reader.read(offset + copy.position(), Math.min(CHUNK, copy.remaining())));
      }
    }
    return copy.flip();
  }

  /** For many small reads through one open stream. */
  Reader open() {
    try {
      Optional<File> local = localFile();
      return local.isPresent()
          ? new Reader(new RandomAccessFile(local.get(), "r"))
          : new Reader(fileSystem.open(path));
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /**
   * Refuses what stands in for a file that was never fetched.
   *
   * @param start the first bytes of this file
   */
  void refuseLfsPointer(byte[] start) {
    if (new String(start, StandardCharsets.ISO_8859_1).startsWith(LFS_POINTER)) {
      throw InputException.of(
          "%s is a pointer of Git LFS, not the file itself: run git lfs pull in its directory",
          shownPath);
    }
  }

  private Optional<File> localFile() {
    if (fileSystem instanceof LocalFileSystem local) {
      return Optional.of(local.pathToFile(path));
    }
    if (fileSystem instanceof RawLocalFileSystem raw && raw.getUri().getScheme().equals("file")) {
      return Optional.of(raw.pathToFile(path));
    }
    return Optional.empty();
  }

  private void checkRange(long offset, int size) {
    if (offset < 0 || size < 0 || offset > length - size) {
      throw new IllegalArgumentException(
          shownPath + ": bytes " + offset + " + " + size + " of " + length);
    }
  }

  private InputException unreadable(IOException e) {
    return new InputException(shownPath + " cannot be read: " + Shown.reason(e), e);
  }

  /** Reads by position until it is closed. */
  final class Reader implements Closeable {
    private final Closeable stream;

    private Reader(Closeable stream) {
      this.stream = stream;
    }

    /**
     * @throws IllegalArgumentException if the range is not inside the file
     */
    byte[] read(long offset, int size) {
      checkRange(offset, size);
      byte[] bytes = new byte[size];
      try {
        if (stream instanceof RandomAccessFile local) {
          local.seek(offset);
          local.readFully(bytes);
        } else if (stream instanceof FSDataInputStream remote) {
          remote.readFully(offset, bytes);
        }
        return bytes;
      } catch (EOFException e) {
        throw new InputException(
            InputException.of(
                    "%s became shorter while it was read: it had %d bytes", shownPath, length)
                .getMessage(),
            e);
      } catch (IOException e) {
        throw unreadable(e);
      }
    }

    @Override
    public void close() {
      try {
        stream.close();
      } catch (IOException e) {
        throw unreadable(e);
      }
    }
  }
}
