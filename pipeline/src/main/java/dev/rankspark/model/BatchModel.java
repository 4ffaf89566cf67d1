package dev.rankspark.model;

/** What scores a batch; serves several threads. */
@FunctionalInterface
public interface BatchModel extends AutoCloseable {
  /**
   * Scores one batch.
   *
   * @param threads libtorch's threads for the arithmetic
   * @return one score per text, in the order of the texts
   * @throws DeviceMemoryException if the device has no memory for it
   */
  float[] score(PackedTexts batch, int threads);

  @Override
  default void close() {}
}
