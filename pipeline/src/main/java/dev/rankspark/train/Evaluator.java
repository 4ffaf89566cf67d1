package dev.rankspark.train;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.distributed.ProcessGroup;
import dev.rankspark.distributed.StoppedByOtherException;
import dev.rankspark.eval.TrecEval;
import dev.rankspark.model.TrainableEncoder;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.run.Hit;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
import dev.rankspark.score.OpenModel;
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

  private static final int BATCH_TOKENS = 2_048;

  private final List<Pair> pairs;
  private final Qrels qrels;
  private final TrainableEncoder encoder;
  private final OpenModel model;
  private final ProcessGroup workers;

  /** A pair of rerank input, its text formatted. */
  record Pair(String qid, String docid, String text) implements Serializable {
    /** As messages name it. */
    @Override
    public String toString() {
      return "evaluation: query " + qid + ", docid " + docid;
    }
  }

  Evaluator(
      List<Pair> pairs,
      Qrels qrels,
      TrainableEncoder encoder,
      PairEncoder tokenizer,
      ProcessGroup workers) {
    this.pairs = pairs;
    this.qrels = qrels;
    this.encoder = encoder;
    this.model = new OpenModel(tokenizer, encoder::score, BATCH_TOKENS);
    this.workers = workers;
  }

  /**
   * {@link #MEASURE} of all pairs; the same on all workers, each of which must call it.
   *
   * @throws InputException if a text cannot be used or a score is no number; the others get a
   *     {@link StoppedByOtherException}
   * @throws DeviceException if the device has no memory for a pair; likewise
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
    float[] own = model.score(pairs.subList(from, end), Pair::text);
    for (int i = 0; i < own.length; i++) {
      if (!Float.isFinite(own[i])) {
        throw InputException.of(
            "%s: the score is %s; a smaller --learning-rate may help, or training without --bf16",
            pairs.get(from + i), own[i]);
      }
    }
    System.arraycopy(own, 0, scores, from, own.length);
  }
}
