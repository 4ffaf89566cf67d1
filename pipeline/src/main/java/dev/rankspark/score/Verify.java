package dev.rankspark.score;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.corpus.ReferenceScores;
import dev.rankspark.files.InputPaths;
import dev.rankspark.model.BestHardware;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.progress.ByteCount;
import dev.rankspark.progress.Progress;
import dev.rankspark.progress.ProgressListener;
import dev.rankspark.prompt.PairFormat;
import dev.rankspark.reranker.Reranker;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;

/**
 * Whether a reranker gives the scores here that it gives elsewhere. The pairs of a reference are
 * scored in this process, as a task of a rerank job scores them; in another dtype than float32 they
 * are scored in float32 too, so that what the dtype costs by itself is measured.
 */
public final class Verify {
  private final Options options;
  private final Configuration hadoop;
  private final Reranker reranker;
  private final ReferenceScores reference;
  private final ProgressListener listener;

  private Verify(
      Options options,
      Configuration hadoop,
      Reranker reranker,
      ReferenceScores reference,
      ProgressListener listener) {
    this.options = options;
    this.hadoop = hadoop;
    this.reranker = reranker;
    this.reference = reference;
    this.listener = listener;
  }

  /**
   * What is compared.
   *
   * @param threads libtorch's threads
   * @param tolerance {@code --tolerance}; not given leaves it to the dtype: {@link
   *     VerifyReport#FLOAT32}, {@link VerifyReport#FACTOR}
   */
  public record Options(
      ScoreOptions scoring,
      ReferenceScores.Source reference,
      int threads,
      OptionalDouble tolerance) {
    public Options {
      if (tolerance.isPresent()
          && !(tolerance.getAsDouble() >= 0 && Double.isFinite(tolerance.getAsDouble()))) {
        throw OptionException.of(
            "--tolerance: expected a number from 0, got %s", tolerance.getAsDouble());
      }
    }

    /** The same with paths in place of names. */
    public Options with(ScoreOptions found, InputPaths texts) {
      return new Options(
          found,
          new ReferenceScores.Source(
              reference.file(), reference.runs(), texts, reference.shard(), reference.prefersRaw()),
          threads,
          tolerance);
    }
  }

  /**
   * One way to score the pairs.
   *
   * @param cut texts that were
   * @param notes what was taken without being asked for, or asked for and not had
   */
  private record Scored(double[] scores, long cut, List<String> notes) {}

  /**
   * Scores and compares.
   *
   * @param listener told how far it is
   * @throws InputException if the reference or the checkpoint is wrong
   * @throws DeviceException if the device has no memory for the model
   */
  public static VerifyReport run(SparkSession spark, Options options, ProgressListener listener) {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    Reranker reranker =
        Reranker.open(
            options.scoring().model(),
            options.scoring().prompt(),
            options.scoring().recipe(),
            hadoop);
    ReferenceScores reference = ReferenceScores.read(spark, options.reference());
    return new Verify(options, hadoop, reranker, reference, listener).run();
  }

  private VerifyReport run() {
    String device = options.scoring().device();
    Hardware hardware =
        BestHardware.detect(
            device, options.scoring().dtype(), reranker.config(), options.threads());
    boolean isFloat32 = hardware.dtype() == Dtype.FLOAT32;
    long all = (isFloat32 ? 1L : 2L) * reference.pairs().size();
    Scorer.Count count = Scorer.Count.telling(all, listener);
    Scored ours = score(hardware, count);
    Optional<double[]> float32 =
        isFloat32
            ? Optional.empty()
            : Optional.of(score(Hardware.detect(device, Dtype.FLOAT32), count).scores);
    return VerifyReport.of(
        new VerifyReport.Setting(
            options.reference().file(),
            reference.column(),
            reference.unscored(),
            reranker.title(),
            hardware.description(),
            hardware.dtype(),
            ours.cut,
            reranker.prompt().maxLength()),
        reference.pairs(),
        ours.scores,
        float32,
        options.tolerance(),
        ours.notes);
  }

  /** The model is closed before the next one is loaded: the device may have room for one. */
  private Scored score(Hardware hardware, Scorer.Count count) {
    Scoring scoring =
        Scoring.decide(
            reranker, hardware, options.scoring().batchRows(), options.scoring().batchTokens());
    ByteCount loading = (done, all) -> listener.at(Progress.Bytes.loaded(done, all));
    Optional<String> anyGpu = Optional.empty();
    PairFormat format = reranker.prompt().format();
    List<ReferenceScores.Pair> pairs = reference.pairs();
    double[] scores = new double[pairs.size()];
    long cut = 0;
    int longest = 0;
    int least = scoring.batchTokens();
    try (Scorer scorer = Scorer.load(scoring, anyGpu, options.threads(), hadoop, loading);
        ScorePipeline<ReferenceScores.Pair> pipeline =
            new ScorePipeline<>(
                pairs.stream()
                    .map(
                        pair ->
                            new ScorePipeline.Pair<>(
                                pair, format.format(pair.query(), pair.title(), pair.text())))
                    .iterator(),
                scorer,
                scoring.batchTokens(),
                options.threads(),
                count)) {
      for (int from = 0; pipeline.hasNext(); ) {
        Scorer.Scores chunk = pipeline.next().scores();
        for (float score : chunk.scores()) {
          ScoreTask.checkFinite(score, pairs.get(from));
          scores[from++] = score;
        }
        cut += chunk.prepared().truncated();
        longest = Math.max(longest, chunk.prepared().longest());
        least = Math.min(least, chunk.batchTokens());
      }
    }
    List<String> notes = new ArrayList<>(reranker.recipe().notes());
    notes.addAll(BatchTokens.notes(scoring.batchTokens(), least, longest));
    reranker.checkUnchanged(hadoop); // while its mapped files were computed with
    return new Scored(scores, cut, notes);
  }
}
