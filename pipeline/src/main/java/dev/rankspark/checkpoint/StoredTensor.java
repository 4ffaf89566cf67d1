package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/**
 * A tensor that lies in a file: its name, type and shape, and its bytes when they are asked for.
 * Cheap to hold; every byte of it is inside the file, checked when the file's header was read.
 */
public final class StoredTensor {
  private final String name;
  private final StorageType type;
  private final long[] shape;
  private final long[] strides;
  private final long elements;
  private final TensorBytes file;
  private final long start;

  /**
   * @param shape no negative size; the product fits a long
   * @param strides in elements, one per size; only readers of formats that have strides give others
   *     than {@link #rowMajor}
   * @param start the position of the first element in {@code file}
   */
  StoredTensor(
      String name, StorageType type, long[] shape, long[] strides, TensorBytes file, long start) {
    this.name = name;
    this.type = type;
    this.shape = shape.clone();
    this.strides = strides.clone();
    this.elements = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    this.file = file;
    this.start = start;
  }

  /**
   * A tensor of float32 numbers that were computed.
   *
   * @param from what they were computed from, for messages
   */
  static StoredTensor of(String name, float[] values, long[] shape, String from) {
    TensorBytes bytes = TensorBytes.of(values, from);
    return new StoredTensor(name, StorageType.FLOAT32, shape, rowMajor(shape), bytes, 0);
  }

  /** The strides of a tensor that lies in memory row after row. */
  static long[] rowMajor(long[] shape) {
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride = Math.multiplyExact(stride, Math.max(1, shape[i]));
    }
    return strides;
  }

  /** The name in its file. */
  public String name() {
    return name;
  }

  public StorageType type() {
    return type;
  }

  /** The sizes, outermost first; empty for a single number. */
  public long[] shape() {
    return shape.clone();
  }

  /** The product of the sizes. */
  public long elements() {
    return elements;
  }

  /** The path of its file, for messages. */
  public String file() {
    return file.path();
  }

  /**
   * The whole tensor, row-major and little-endian: mapped read-only from a local file, else read
   * into direct memory.
   *
   * @throws IllegalStateException if it has more bytes than a buffer can hold, 2,147,483,647; read
   *     it in slices then
   */
  public ByteBuffer bytes() {
    if (elements > Integer.MAX_VALUE / type.bytes()) {
      throw new IllegalStateException(
          this + " does not fit one buffer: read it in slices by bytes(fromElement, elements)");
    }
    return bytes(0, (int) elements);
  }

  /**
   * A slice of the tensor, as {@link #bytes()}. Only the slice is read, except where the file holds
   * the tensor with gaps or transposed (torch's strides): such a tensor is read whole and its
   * elements are put in order.
   *
   * @param fromElement the first element, counted row by row
   * @throws IllegalArgumentException if the slice is not inside the tensor or does not fit a buffer
   */
  public ByteBuffer bytes(long fromElement, int count) {
    if (fromElement < 0
        || count < 0
        || fromElement > elements - count
        || count > Integer.MAX_VALUE / type.bytes()) {
      throw new IllegalArgumentException(this + " has no slice " + fromElement + " + " + count);
    }
    return isContiguous()
        ? file.bytes(start + fromElement * type.bytes(), count * type.bytes())
        : inOrder(fromElement, count);
  }

  /**
   * The whole tensor of weights, widened to float32.
   *
   * @throws IllegalArgumentException if it does not fit one buffer; read it in slices then
   */
  public float[] floats() {
    return floats(0, Math.toIntExact(elements));
  }

  /**
   * A slice of a tensor of weights, widened to float32.
   *
   * @param fromElement the first element, counted row by row
   */
  public float[] floats(long fromElement, int count) {
    ByteBuffer bytes = bytes(fromElement, count);
    float[] floats = new float[count];
    if (type == StorageType.FLOAT32) {
      bytes.asFloatBuffer().get(floats);
      return floats;
    }
    if (!type.isWeight()) {
      throw new IllegalStateException(this + " holds no weights");
    }
    short[] halves = new short[count];
    bytes.asShortBuffer().get(halves);
    for (int i = 0; i < count; i++) {
      floats[i] =
          type == StorageType.BFLOAT16
              ? HalfFloats.fromBfloat16(halves[i])
              : HalfFloats.fromFloat16(halves[i]);
    }
    return floats;
  }

  /**
   * Where the tensor can be mapped: empty unless its file is local and it lies there row after row,
   * at a multiple of its element's size.
   */
  public Optional<LocalElements> localElements() {
    return start % type.bytes() == 0 && isContiguous()
        ? file.local().map(path -> new LocalElements(path, start / type.bytes()))
        : Optional.empty();
  }

  private boolean isContiguous() {
    long[] rowMajor = rowMajor(shape);
    for (int i = 0; i < shape.length; i++) {
      if (shape[i] > 1 && strides[i] != rowMajor[i]) {
        return elements == 0;
      }
    }
    return true;
  }

  private ByteBuffer inOrder(long fromElement, int count) {
    int size = type.bytes();
    long span = size;
    for (int i = 0; i < shape.length; i++) {
      span += (shape[i] - 1) * strides[i] * size;
    }
    if (span > Integer.MAX_VALUE) {
      throw InputException.of(
          "%s is not contiguous and spreads over %d bytes; save it again after .contiguous()",
          this, span);
    }
    ByteBuffer source = file.bytes(start, (int) span);
    ByteBuffer ordered = ByteBuffer.allocateDirect(count * size).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      long rest = fromElement + i;
      long position = 0;
      for (int d = shape.length - 1; d >= 0; d--) {
        position += rest % shape[d] * strides[d];
        rest /= shape[d];
      }
      ordered.put(i * size, source, (int) position * size, size);
    }
    return ordered;
  }

  /** Such as {@code model.norm.weight (float16 [64]) of base/model.safetensors}. */
  @Override
  public String toString() {
    return Shown.text(name)
        + " ("
        + type.torchName()
        + " "
        + Shown.text(Arrays.toString(shape))
        + ") of "
        + file.path();
  }
}
