package dev.rankspark.train;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.distributed.ProcessGroup;
import dev.rankspark.distributed.StoppedByOtherException;
import dev.rankspark.eval.TrecEval;
import dev.rankspark.model.DeviceMemoryException;
import dev.rankspark.model.TrainableEncoder;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.run.Hit;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Ranks the pairs of an evaluation set by the model as it is; each worker scores its share. */
final class Evaluator {
  /** As trec_eval names it; over all judged queries. */
  static final String MEASURE = "ndcg_cut.10";

  /** The field of the log is {@code eval_} and this. */
  static final String NAME = "ndcg_cut_10";

  private static final int TOKENS_TOGETHER = 2_048;

  private final List<Pair> pairs;
  private final Qrels qrels;
  private final TrainableEncoder encoder;
  private final PairEncoder tokenizer;
  private final ProcessGroup workers;

  /** A pair of rerank input, its text formatted. */
  record Pair(String qid, String docid, String text) implements Serializable {}

  Evaluator(
      List<Pair> pairs,
      Qrels qrels,
      TrainableEncoder encoder,
      PairEncoder tokenizer,
      ProcessGroup workers) {
    this.pairs = pairs;
    this.qrels = qrels;
    this.encoder = encoder;
    this.tokenizer = tokenizer;
    this.workers = workers;
  }

  /**
   * {@link #MEASURE} of all pairs; the same on all workers, each of which must call it.
   *
   * @throws InputException if a text cannot be used or a score is no number; the others get a
   *     {@link StoppedByOtherException}
   * @throws DeviceException if the device has no memory for a batch; likewise
   */
  double measure() {
    float[] scores = new float[pairs.size()];
    Optional<RuntimeException> fault = Optional.empty();
    try {
      scoreOwn(scores);
    } catch (InputException | DeviceException e) {
      fault = Optional.of(e);
      Arrays.fill(scores, Float.NaN); // tells the others, so that nobody waits
    }
    Sums.add(workers, encoder.gradient(), scores);
    if (fault.isPresent()) {
      throw fault.get();
    }
    Map<String, List<Hit>> run = new LinkedHashMap<>();
    for (int i = 0; i < scores.length; i++) {
      if (Float.isNaN(scores[i])) {
        throw new StoppedByOtherException("evaluation");
      }
      run.computeIfAbsent(pairs.get(i).qid, qid -> new ArrayList<>())
          .add(new Hit(pairs.get(i).docid, scores[i]));
    }
    return TrecEval.mean(MEASURE, qrels, Run.of(run), 1, Integer.MAX_VALUE);
  }

  /** This worker's share, at its place among the scores. */
  private void scoreOwn(float[] scores) {
    int from = (int) ((long) pairs.size() * workers.rank() / workers.size());
    int end = (int) ((long) pairs.size() * (workers.rank() + 1) / workers.size());
    while (from < end) {
      List<long[]> texts = new ArrayList<>();
      int tokens = 0;
      for (int i = from; i < end; i++) {
        long[] ids = tokenizer.encode(List.of(pairs.get(i).text)).get(0).ids();
        if (tokens > 0 && tokens + ids.length > TOKENS_TOGETHER) {
          break;
        }
        texts.add(ids);
        tokens += ids.length;
      }
      float[] batch = score(from, texts, tokens);
      for (int i = 0; i < batch.length; i++) {
        if (!Float.isFinite(batch[i])) {
          throw InputException.of(
              "evaluation: the score of query %s and docid %s is %s; a smaller --learning-rate may"
                  + " help, or training without --bf16",
              pairs.get(from + i).qid, pairs.get(from + i).docid, batch[i]);
        }
      }
      System.arraycopy(batch, 0, scores, from, batch.length);
      from += batch.length;
    }
  }

  private float[] score(int from, List<long[]> texts, int tokens) {
    try {
      return encoder.score(texts);
    } catch (DeviceMemoryException e) {
      Pair first = pairs.get(from);
      throw e.ofTexts(
          "evaluation",
          texts.size(),
          tokens,
          "from query " + first.qid + " and docid " + first.docid + " on",
          "--bf16 or a smaller --rerank-max-len");
    }
  }
}
