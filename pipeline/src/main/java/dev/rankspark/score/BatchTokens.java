package dev.rankspark.score;

import dev.rankspark.model.Hardware;
import dev.rankspark.model.LlamaConfig;

/** How many tokens a batch has unless {@code --max-batch-tokens} says. */
final class BatchTokens {
  private BatchTokens() {}

  /** The default for a model of this shape on this device. */
  static int byShape(LlamaConfig config, Hardware hardware) {
    return 1024;
  }
}
