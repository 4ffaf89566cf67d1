package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Writes the elements of one {@link NewTensor} in its format, and counts them. */
final class TensorSink implements NewTensor.Sink {
  private static final int BUFFER = 1 << 16; // bytes; a multiple of every element's size

  private final NewTensor tensor;
  private final OutputStream out;
  private final byte[] buffer = new byte[BUFFER];
  private long written;

  TensorSink(NewTensor tensor, OutputStream out) {
    this.tensor = tensor;
    this.out = out;
  }

  @Override
  public void write(ByteBuffer elements) throws IOException {
    count(elements.remaining());
    while (elements.hasRemaining()) {
      int size = Math.min(BUFFER, elements.remaining());
      elements.get(buffer, 0, size);
      out.write(buffer, 0, size);
    }
  }

  @Override
  public void write(float[] values, int from, int count) throws IOException {
    count((long) count * tensor.type().bytes());
    ByteBuffer bytes = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
    int step = BUFFER / tensor.type().bytes();
    for (int at = from; at < from + count; at += step) {
      put(values, at, Math.min(at + step, from + count), bytes.clear());
      out.write(buffer, 0, bytes.position());
    }
  }

  private void put(float[] values, int from, int to, ByteBuffer bytes) {
    switch (tensor.type()) {
      case FLOAT32 -> {
        for (int i = from; i < to; i++) {
          bytes.putFloat(values[i]);
        }
      }
      case BFLOAT16 -> {
        for (int i = from; i < to; i++) {
          short rounded = HalfFloats.toBfloat16(values[i]);
          bytes.putShort(rounded);
          refuseIf(Float.isInfinite(HalfFloats.fromBfloat16(rounded)), values[i]);
        }
      }
      case FLOAT16 -> {
        for (int i = from; i < to; i++) {
          short rounded = HalfFloats.toFloat16(values[i]);
          bytes.putShort(rounded);
          refuseIf((rounded & 0x7fff) == 0x7c00, values[i]);
        }
      }
      default -> throw new IllegalStateException(tensor.name() + " was announced as a weight");
    }
  }

  private void refuseIf(boolean infinite, float value) {
    if (infinite && Float.isFinite(value)) {
      throw InputException.of(
          "%s has a weight of %s, which is beyond what %s can hold; choose another --dtype",
          Shown.text(tensor.name()), value, tensor.type().torchName());
    }
  }

  private void count(long bytes) {
    written += bytes;
    if (written > tensor.bytes()) {
      throw wrongSize();
    }
  }

  /** After the last element. */
  void finish() {
    if (written != tensor.bytes()) {
      throw wrongSize();
    }
  }

  private IllegalStateException wrongSize() {
    return new IllegalStateException(
        tensor.name() + ": expected " + tensor.bytes() + " bytes by its shape, got " + written);
  }
}
