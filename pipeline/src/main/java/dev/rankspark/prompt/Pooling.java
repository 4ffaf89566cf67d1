package dev.rankspark.prompt;

import java.util.Arrays;

/**
 * Which token's state the head reads. Attention is causal, so nothing after that token moves the
 * score, and a text may be cut there: everything downstream reads the last token it is given.
 */
public enum Pooling {
  /**
   * The last token that is not the padding token: {@code LlamaForSequenceClassification}. Where a
   * text itself ends in the padding token, which happens when that is {@code </s>} and one was
   * appended, the reference reads the one before.
   */
  LAST_BEFORE_PADDING {
    @Override
    long[] cut(long[] ids, int padId) {
      int end = ids.length;
      while (end > 0 && ids[end - 1] == padId) {
        end--;
      }
      // Of padding alone the reference reads the first token (argmax of zeros).
      return Arrays.copyOf(ids, Math.max(end, 1));
    }
  },
  /** The last token: Tevatron's backbone rerankers with {@code reranker_pooling} {@code last}. */
  LAST {
    @Override
    long[] cut(long[] ids, int padId) {
      return ids;
    }
  },
  /** The first token: {@code reranker_pooling} {@code cls}. */
  FIRST {
    @Override
    long[] cut(long[] ids, int padId) {
      return Arrays.copyOf(ids, 1);
    }
  };

  /** The ids up to and including the one that the head reads. */
  abstract long[] cut(long[] ids, int padId);
}
