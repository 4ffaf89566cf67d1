package dev.rankspark.score;

import dev.rankspark.model.Hardware;
import dev.rankspark.reranker.Reranker;
import java.io.Serializable;
import java.util.OptionalInt;

/**
 * All that is decided once for a whole job, so that every executor computes alike. The models that
 * executors keep are known by it.
 *
 * @param reranker opened on the driver
 * @param hardware what scores are computed on and in
 * @param batchRows the most texts in one batch
 * @param batchTokens the most tokens computed in one batch
 */
record Scoring(Reranker reranker, Hardware hardware, int batchRows, int batchTokens)
    implements Serializable {

  /**
   * Decides what is left to the model's shape and the device.
   *
   * @param batchTokens as asked for
   */
  static Scoring decide(
      Reranker reranker, Hardware hardware, int batchRows, OptionalInt batchTokens) {
    return new Scoring(
        reranker,
        hardware,
        batchRows,
        batchTokens.orElseGet(() -> BatchTokens.byShape(reranker.config(), hardware)));
  }
}
