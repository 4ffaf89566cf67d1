package dev.rankspark.score;

import dev.rankspark.InputException;
import dev.rankspark.cluster.ExecutorModels;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.cluster.SparkTask;
import dev.rankspark.score.ScorePipeline.Chunk;
import dev.rankspark.score.ScorePipeline.Pair;
import java.util.Iterator;
import java.util.Optional;

/**
 * The pairs of one Spark task on their way through the executor's model: chunks of scored pairs, in
 * the order of the pairs, the first before the last pair is read.
 *
 * @param <T> what a pair is known by; its {@code toString} names it in messages
 */
final class ScoreTask<T> implements Iterator<Chunk<T>> {
  private final ScorePipeline<T> pipeline;
  private final ScoreCounters counters;
  private final PairCost cost;
  private final Runnable atEnd;
  private ScoreCounters.Task counted;

  private ScoreTask(
      ScorePipeline<T> pipeline,
      ScoreCounters counters,
      PairCost cost,
      Runnable atEnd,
      ScoreCounters.Task begun) {
    this.pipeline = pipeline;
    this.counters = counters;
    this.cost = cost;
    this.atEnd = atEnd;
    this.counted = begun;
  }

  /**
   * Takes the executor's model, and loads it if need be.
   *
   * @param settings the driver's: an executor's own lacks what the command line said of Hadoop
   */
  static <T> ScoreTask<T> begin(
      Iterator<Pair<T>> pairs,
      Scoring scoring,
      PairCost cost,
      ScoreCounters counters,
      HadoopSettings settings) {
    SparkTask task = SparkTask.current();
    long start = System.nanoTime();
    ExecutorModels.Lease<Scorer> lease = lease(task, scoring, counters, settings);
    double loadSeconds = (System.nanoTime() - start) / 1e9;
    task.onCompletion(lease::close);
    // Spark starts no more tasks than the executor has cores for: together they use those alone.
    ScorePipeline<T> pipeline =
        new ScorePipeline<>(
            pairs, lease.model(), scoring.batchTokens(), task.cpus(), counters::count);
    task.onCompletion(pipeline::close); // the last one added runs first
    return new ScoreTask<>(
        pipeline,
        counters,
        cost,
        // Local weights are mapped: another file in their place would be another model.
        () -> scoring.reranker().checkUnchanged(settings.value()),
        ScoreCounters.Task.begun(task.executorId(), lease.loaded(), loadSeconds));
  }

  /** The executor's model, loaded if need be. */
  static ExecutorModels.Lease<Scorer> lease(
      SparkTask task, Scoring scoring, ScoreCounters counters, HadoopSettings settings) {
    Optional<String> gpu = task.gpu();
    return ExecutorModels.acquire(
        Scorer.class,
        scoring.hardware().device(gpu),
        scoring,
        counters.job(),
        // on all of the executor's cores: its other tasks wait for the same model
        () ->
            Scorer.load(scoring, gpu, task.executorCores(), settings.value(), counters.loading()));
  }

  /**
   * Checks a score.
   *
   * @param pair named in the message
   * @throws InputException if it is no number
   */
  static void checkFinite(float score, Object pair) {
    if (!Float.isFinite(score)) {
      throw InputException.of(
          "the model's score of %s is %s; nothing was published. Try --dtype float32; if it stays,"
              + " the weights are broken",
          pair, score);
    }
  }

  @Override
  public boolean hasNext() {
    return pipeline.hasNext();
  }

  /**
   * Computes the next chunk.
   *
   * @throws InputException if a score is no number, or the model's files have changed
   */
  @Override
  public Chunk<T> next() {
    Chunk<T> chunk = pipeline.next();
    float[] scores = chunk.scores().scores();
    for (int i = 0; i < scores.length; i++) {
      checkFinite(scores[i], chunk.pairs().get(i));
    }
    counted = counted.plus(chunk, cost);
    if (!pipeline.hasNext()) {
      atEnd.run();
      counters.add(counted);
    }
    return chunk;
  }
}
