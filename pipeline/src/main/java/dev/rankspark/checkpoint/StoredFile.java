package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * One file of a checkpoint, read by ranges: mapped where it is local, by positioned reads
 * elsewhere.
 *
 * @param name for messages
 * @param length in bytes
 */
record StoredFile(String name, FileSystem system, Path path, long length) {

  /**
   * A range of the file, little-endian.
   *
   * @throws InputException if the file is shorter
   */
  ByteBuffer read(long offset, int bytes) {
    if (offset < 0 || bytes < 0 || offset > length - bytes) {
      throw InputException.of(
          "%s is cut: expected bytes up to %,d, the file has %,d; copy it again",
          name, offset + bytes, length);
    }
    try {
      return local().isPresent() ? map(offset, bytes) : fetch(offset, bytes);
    } catch (IOException e) {
      throw new InputException(name + " cannot be read: " + e.getMessage(), e);
    }
  }

  private Optional<java.nio.file.Path> local() {
    return system instanceof LocalFileSystem || system instanceof RawLocalFileSystem
        ? Optional.of(java.nio.file.Path.of(path.toUri().getPath()))
        : Optional.empty();
  }

  private ByteBuffer map(long offset, int bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(local().orElseThrow(), StandardOpenOption.READ)) {
      return channel
          .map(FileChannel.MapMode.READ_ONLY, offset, bytes)
          .order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  private ByteBuffer fetch(long offset, int bytes) throws IOException {
    byte[] range = new byte[bytes];
    try (FSDataInputStream in = system.open(path)) {
      in.readFully(offset, range);
    }
    return ByteBuffer.wrap(range).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The file for readers that seek. */
  SeekableByteChannel channel() {
    try {
      return local().isPresent()
          ? Files.newByteChannel(local().get())
          : new HadoopChannel(system.open(path), length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A Hadoop stream as a channel. */
  private static final class HadoopChannel implements SeekableByteChannel {
    private final FSDataInputStream in;
    private final long size;
    private boolean open = true;

    HadoopChannel(FSDataInputStream in, long size) {
      this.in = in;
      this.size = size;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      byte[] bytes = new byte[Math.min(target.remaining(), 1 << 16)];
      int read = in.read(bytes, 0, bytes.length);
      if (read > 0) {
        target.put(bytes, 0, read);
      }
      return read;
    }

    @Override
    public long position() throws IOException {
      return in.getPos();
    }

    @Override
    public SeekableByteChannel position(long position) throws IOException {
      in.seek(position);
      return this;
    }

    @Override
    public long size() {
      return size;
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() throws IOException {
      open = false;
      in.close();
    }

    @Override
    public int write(ByteBuffer source) {
      throw new UnsupportedOperationException("read only");
    }

    @Override
    public SeekableByteChannel truncate(long newSize) {
      throw new UnsupportedOperationException("read only");
    }
  }
}
