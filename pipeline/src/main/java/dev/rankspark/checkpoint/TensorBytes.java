package dev.rankspark.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** Where a tensor's bytes are: in a file of a checkpoint, or in memory. */
interface TensorBytes {
  /** The file's path, or where the bytes were made from; for messages. */
  String path();

  /** A range in little-endian order. */
  ByteBuffer bytes(long offset, int size);

  /** The absolute path, if it is a file on this machine. */
  Optional<String> local();

  /**
   * Numbers that were computed.
   *
   * @param path what from, for messages
   */
  static TensorBytes of(float[] values, String path) {
    ByteBuffer all =
        ByteBuffer.allocateDirect(Math.multiplyExact(values.length, Float.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    all.asFloatBuffer().put(values);
    return new InMemory(path, all);
  }

  /** Of few numbers. */
  record InMemory(String path, ByteBuffer all) implements TensorBytes {
    @Override
    public ByteBuffer bytes(long offset, int size) {
      return all.slice(Math.toIntExact(offset), size).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public Optional<String> local() {
      return Optional.empty();
    }
  }
}
