package dev.rankspark.score;

import dev.rankspark.model.BatchModel;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** What scores the batches of a {@link BatchPlan}; serves several threads. */
@FunctionalInterface
interface PlannedModel extends AutoCloseable {
  /**
   * Scores one batch.
   *
   * @param texts those that were planned
   * @param threads libtorch's threads for the arithmetic
   * @return one score per text, in the order of {@link BatchPlan.Batch#texts}
   * @throws dev.rankspark.model.DeviceMemoryException if the device has no memory for it
   */
  float[] score(BatchPlan.Batch batch, List<long[]> texts, int threads);

  @Override
  default void close() {}

  /** By a model that computes once what texts begin with. */
  static PlannedModel of(BatchModel model) {
    return new PlannedModel() {
      @Override
      public float[] score(BatchPlan.Batch batch, List<long[]> texts, int threads) {
        return model.score(BatchPlan.packed(batch, texts), threads);
      }

      @Override
      public void close() {
        model.close();
      }
    };
  }

  /** By a model that takes whole texts, and knows its threads. */
  static PlannedModel ofWholeTexts(Function<List<long[]>, float[]> model) {
    return (batch, texts, threads) ->
        model.apply(Arrays.stream(batch.texts()).mapToObj(texts::get).toList());
  }
}
