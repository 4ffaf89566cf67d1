package dev.rankspark.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A tensor that is going to be written: what a file's header says of it, and its elements when it
 * is their turn.
 *
 * @param type {@link StorageType#isWeight float16, bfloat16 or float32}
 * @param shape the sizes, outermost first
 * @param elements as many as {@code shape} has, row after row
 */
public record NewTensor(String name, StorageType type, long[] shape, Elements elements) {
  /** Gives a tensor's elements, each time anew. */
  @FunctionalInterface
  public interface Elements {
    void writeTo(Sink sink) throws IOException;
  }

  /** Takes a tensor's elements in their order, in pieces of any size. */
  public interface Sink {
    /** Elements in the tensor's own format, little-endian; the buffer is read to its end. */
    void write(ByteBuffer elements) throws IOException;

    /**
     * Elements that are rounded to the tensor's format.
     *
     * @throws dev.rankspark.InputException if a number is too large for it
     */
    void write(float[] values, int from, int count) throws IOException;
  }

  public NewTensor {
    if (!type.isWeight()) {
      throw new IllegalArgumentException(name + ": only weights are written, not " + type);
    }
    shape = shape.clone();
  }

  /** A float32 tensor that lies in memory, and may be changed until it is written. */
  public static NewTensor of(String name, float[] values, long... shape) {
    return part(name, values, 0, shape);
  }

  /**
   * Likewise, a part of a longer vector.
   *
   * @param from where in {@code values} it begins
   */
  public static NewTensor part(String name, float[] values, int from, long... shape) {
    int count = Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    if (count > values.length - from) {
      throw new IllegalArgumentException(
          name + " of shape " + Arrays.toString(shape) + " is not in " + values.length + " values");
    }
    return new NewTensor(name, StorageType.FLOAT32, shape, sink -> sink.write(values, from, count));
  }

  /** The size in a file. */
  public long bytes() {
    return Arrays.stream(shape).reduce(type.bytes(), Math::multiplyExact);
  }
}
