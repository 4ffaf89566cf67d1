package dev.rankspark.checkpoint;

import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One weight of a model, its shape checked: the stored tensor, and what the adapter adds to it.
 *
 * @param stored of type float16, bfloat16 or float32, as the adapter's tensors
 * @param lora both factors fit the shape of {@code stored}
 */
public record Weight(StoredTensor stored, Optional<LoraFactors> lora) {
  // Elements in memory at once: 16 MiB in float32.
  private static final int BLOCK = 4 << 20;

  /**
   * The weight as one tensor: {@code W + scaling * B A}, computed in float32 and rounded once, some
   * rows at a time. PEFT's {@code merge_and_unload} adds in the base's own dtype instead, to a
   * product that it has rounded as well; in float32 both agree but for the order of a sum.
   *
   * @param type what the sum is rounded to
   */
  public NewTensor merged(String name, StorageType type) {
    return merged(name, type, BLOCK);
  }

  /**
   * @param block elements in memory at once, {@link #BLOCK} outside of tests
   */
  NewTensor merged(String name, StorageType type, int block) {
    return new NewTensor(
        name,
        type,
        stored.shape(),
        sink -> {
          if (lora.isPresent()) {
            addTo(sink, lora.get(), block);
          } else {
            copyTo(sink, type, block);
          }
        });
  }

  private void copyTo(NewTensor.Sink sink, StorageType type, int block) throws IOException {
    for (long at = 0; at < stored.elements(); at += block) {
      int count = (int) Math.min(block, stored.elements() - at);
      if (type == stored.type()) {
        sink.write(stored.bytes(at, count));
      } else {
        sink.write(stored.floats(at, count), 0, count);
      }
    }
  }

  private void addTo(NewTensor.Sink sink, LoraFactors lora, int block) throws IOException {
    int width = Math.toIntExact(stored.shape()[1]);
    int r = Math.toIntExact(lora.a().shape()[0]);
    float[] a = lora.a().floats(); // (r, in)
    float scaling = (float) lora.scaling();
    int step = Math.max(1, block / width);
    long height = stored.shape()[0];
    for (long first = 0; first < height; first += step) {
      int rows = (int) Math.min(step, height - first);
      float[] w = stored.floats(first * width, rows * width);
      float[] b = lora.b().floats(first * r, rows * r); // (rows, r)
      IntStream.range(0, rows)
          .parallel()
          .forEach(
              row ->
                  addRow(
                      w,
                      row * width,
                      a,
                      Arrays.copyOfRange(b, row * r, (row + 1) * r),
                      scaling,
                      width));
      sink.write(w, 0, w.length);
    }
  }

  /** {@code w[at..] += scaling * (b A)} for one row b of B. */
  private static void addRow(float[] w, int at, float[] a, float[] b, float scaling, int width) {
    float[] product = new float[width];
    for (int k = 0; k < b.length; k++) {
      float factor = b[k];
      int row = k * width;
      for (int i = 0; i < width; i++) {
        product[i] += factor * a[row + i];
      }
    }
    for (int i = 0; i < width; i++) {
      w[at + i] += scaling * product[i];
    }
  }
}
