package dev.rankspark.score;

import dev.rankspark.DeviceException;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.reranker.Activation;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;

/**
 * Scores pairs by a model that is open in this process, as a task of {@code rerank} does it: tokens
 * ahead of the arithmetic, equal texts once, equally long ones together, smaller batches where the
 * device's memory is full.
 */
public final class OpenModel {
  /** Texts of a batch: tokens bound a batch before these do. */
  private static final int BATCH_ROWS = 1_024;

  /** Nobody's: the model knows its own. */
  private static final int THREADS = 1;

  private final PairEncoder tokenizer;
  private final PlannedModel model;
  private final int batchTokens;

  /**
   * Neither tokenizer nor model is closed here.
   *
   * @param model token ids of whole texts to one score per text, in their order; a {@code
   *     DeviceMemoryException} if the device has no memory for them
   * @param batchTokens the most tokens of a batch, those that texts begin with counted once; a
   *     longer text is a batch of its own
   */
  public OpenModel(PairEncoder tokenizer, Function<List<long[]>, float[]> model, int batchTokens) {
    this.tokenizer = tokenizer;
    this.model = PlannedModel.ofWholeTexts(model);
    this.batchTokens = batchTokens;
  }

  /**
   * Scores.
   *
   * @param pairs what {@code toString} names in messages
   * @param text of a pair, formatted
   * @return one score a pair, in their order; a score may be no number
   * @throws DeviceException if the device's memory is too small for one of the pairs
   */
  public <T> float[] score(List<T> pairs, Function<T, String> text) {
    float[] scores = new float[pairs.size()];
    Iterator<ScorePipeline.Pair<T>> texts =
        pairs.stream().map(pair -> new ScorePipeline.Pair<>(pair, text.apply(pair))).iterator();
    Scorer scorer = new Scorer(tokenizer, model, Activation.IDENTITY, BATCH_ROWS, batchTokens);
    int from = 0;
    try (ScorePipeline<T> pipeline =
        new ScorePipeline<>(texts, scorer, batchTokens, THREADS, Scorer.Count.NONE)) {
      while (pipeline.hasNext()) {
        float[] chunk = pipeline.next().scores().scores();
        System.arraycopy(chunk, 0, scores, from, chunk.length);
        from += chunk.length;
      }
    }
    return scores;
  }
}
