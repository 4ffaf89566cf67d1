package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A tensor in a file of a checkpoint. Cheap to hold: its bytes are read when asked for. */
public final class StoredTensor {
  private final String name;
  private final StorageType type;
  private final long[] shape;
  private final long[] strides;
  private final StoredFile file;
  private final long offset;

  /**
   * @param strides in elements, one per dimension
   * @param offset of the first element in the file, in bytes
   */
  private StoredTensor(
      String name, StorageType type, long[] shape, long[] strides, StoredFile file, long offset) {
    this.name = name;
    this.type = type;
    this.shape = shape.clone();
    this.strides = strides.clone();
    this.file = file;
    this.offset = offset;
  }

  /** A tensor whose elements lie row by row. */
  static StoredTensor contiguous(
      String name, StorageType type, long[] shape, StoredFile file, long offset) {
    return new StoredTensor(name, type, shape, rowMajor(shape), file, offset);
  }

  /** A tensor with strides of its own, as torch stores views. */
  static StoredTensor strided(
      String name, StorageType type, long[] shape, long[] strides, StoredFile file, long offset) {
    return new StoredTensor(name, type, shape, strides, file, offset);
  }

  StoredTensor named(String other) {
    return new StoredTensor(other, type, shape, strides, file, offset);
  }

  /** Its name in the file. */
  public String name() {
    return name;
  }

  public StorageType type() {
    return type;
  }

  public long[] shape() {
    return shape.clone();
  }

  /** The file's name, for messages. */
  public String file() {
    return file.name();
  }

  /**
   * The elements: little-endian, row by row, at position 0.
   *
   * @throws InputException if the tensor has 2 GiB or more, or the file is shorter than it said
   */
  public ByteBuffer bytes() {
    long bytes = elements(shape) * type.bytes();
    if (bytes > Integer.MAX_VALUE) {
      throw InputException.of(
          "%s: %s has %,d bytes; tensors from 2 GiB on are not supported",
          file.name(), name, bytes);
    }
    return Arrays.equals(strides, rowMajor(shape))
        ? file.read(offset, (int) bytes)
        : gather((int) bytes);
  }

  /** Elements one by one, for views; these are small. */
  private ByteBuffer gather(int bytes) {
    long last = 0;
    for (int i = 0; i < shape.length; i++) {
      last += (shape[i] - 1) * strides[i];
    }
    ByteBuffer source =
        file.read(offset, bytes == 0 ? 0 : Math.toIntExact((last + 1) * type.bytes()));
    ByteBuffer target = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long[] index = new long[shape.length];
    while (target.hasRemaining()) {
      long element = 0;
      for (int i = 0; i < index.length; i++) {
        element += index[i] * strides[i];
      }
      target.put(target.position(), source, Math.toIntExact(element * type.bytes()), type.bytes());
      target.position(target.position() + type.bytes());
      for (int i = index.length - 1; i >= 0 && ++index[i] == shape[i]; i--) {
        index[i] = 0;
      }
    }
    return target.flip();
  }

  /**
   * The product of the dimensions.
   *
   * @throws ArithmeticException beyond a long
   */
  static long elements(long[] shape) {
    long elements = 1;
    for (long size : shape) {
      elements = Math.multiplyExact(elements, size);
    }
    return elements;
  }

  static long[] rowMajor(long[] shape) {
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= Math.max(1, shape[i]);
    }
    return strides;
  }

  @Override
  public String toString() {
    return name + " " + type + Arrays.toString(shape);
  }
}
