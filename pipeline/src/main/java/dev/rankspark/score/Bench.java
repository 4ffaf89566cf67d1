package dev.rankspark.score;

import static org.apache.spark.sql.functions.col;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.corpus.Pairs;
import dev.rankspark.corpus.RerankInput;
import dev.rankspark.corpus.Shard;
import dev.rankspark.files.InputPaths;
import dev.rankspark.model.Architecture;
import dev.rankspark.model.BestHardware;
import dev.rankspark.model.DeviceMemoryException;
import dev.rankspark.model.GemmSpeed;
import dev.rankspark.model.Hardware;
import dev.rankspark.progress.ByteCount;
import dev.rankspark.progress.Progress;
import dev.rankspark.progress.ProgressListener;
import dev.rankspark.reranker.Reranker;
import dev.rankspark.score.BenchReport.Limit;
import dev.rankspark.score.BenchReport.Setting;
import dev.rankspark.score.BenchReport.Speed;
import dev.rankspark.score.BenchReport.Work;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * How fast pairs are scored on this machine, as one task of a rerank job scores them: tokenizing,
 * planning, computing and sorting are timed, loading the model is not, and nothing is kept from one
 * round to the next. Each round stands between two measurements of the device's matrix products, so
 * that both see the same machine.
 */
public final class Bench {
  private Bench() {}

  /**
   * What is measured.
   *
   * @param dataset rerank input; globs
   * @param pairs the first so many of it
   * @param threads libtorch's threads
   * @param rounds after one to warm up; the median counts
   */
  public record Options(
      ScoreOptions scoring, InputPaths dataset, int pairs, int threads, int rounds) {}

  private record Round(double seconds, List<ScorePipeline.Chunk<NumberedPair>> chunks) {
    double sum(ToDoubleFunction<Scorer.Prepared> part) {
      return chunks.stream()
          .mapToDouble(chunk -> part.applyAsDouble(chunk.scores().prepared()))
          .sum();
    }
  }

  /**
   * Measures.
   *
   * @param listener told how far it is
   * @throws InputException if an input or the checkpoint is wrong
   * @throws DeviceException if the device has no memory for the model or for the products
   */
  public static BenchReport run(SparkSession spark, Options options, ProgressListener listener) {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    Reranker reranker =
        Reranker.open(
            options.scoring().model(),
            options.scoring().prompt(),
            options.scoring().recipe(),
            hadoop);
    List<ScorePipeline.Pair<NumberedPair>> pairs = pairs(spark, options, reranker);
    Hardware hardware =
        BestHardware.detect(
            options.scoring().device(),
            options.scoring().dtype(),
            reranker.config(),
            options.threads());
    Scoring scoring =
        Scoring.decide(
            reranker, hardware, options.scoring().batchRows(), options.scoring().batchTokens());
    Optional<String> anyGpu = Optional.empty();
    ByteCount loading = (done, all) -> listener.at(Progress.Bytes.loaded(done, all));
    try (Scorer scorer = Scorer.load(scoring, anyGpu, options.threads(), hadoop, loading);
        GemmSpeed gemm = new GemmSpeed(reranker.config(), hardware, hardware.device(anyGpu))) {
      Scorer.Count count =
          Scorer.Count.telling((long) pairs.size() * (1 + options.rounds()), listener);
      round(scorer, pairs, scoring.batchTokens(), options.threads(), count);
      List<Round> rounds = new ArrayList<>();
      double gflops = gemm.gflops(options.threads());
      for (int i = 0; i < options.rounds(); i++) {
        rounds.add(round(scorer, pairs, scoring.batchTokens(), options.threads(), count));
        gflops = Math.max(gflops, gemm.gflops(options.threads()));
      }
      return report(scoring, options, rounds, gflops);
    } catch (DeviceMemoryException e) {
      throw new DeviceException(
          String.format(
              Locale.ROOT,
              "%s: the device has no memory for the matrix products of a layer beside this model"
                  + " (%s); take a smaller --dtype, or fewer other programs on the device",
              reranker.path(),
              e.getMessage()),
          e);
    }
  }

  private static List<ScorePipeline.Pair<NumberedPair>> pairs(
      SparkSession spark, Options options, Reranker reranker) {
    PairRows texts = new PairRows(reranker.prompt());
    List<ScorePipeline.Pair<NumberedPair>> pairs = new ArrayList<>();
    for (Row row :
        RerankInput.read(spark, options.dataset(), Shard.ALL)
            .orderBy(col(Pairs.POSITION))
            .limit(options.pairs())
            .collectAsList()) {
      NumberedPair pair = NumberedPair.of(pairs.size(), row, texts);
      pairs.add(new ScorePipeline.Pair<>(pair.withoutText(), pair.text));
    }
    if (pairs.isEmpty()) {
      throw InputException.of(
          "%s: %s has no pairs to score", options.dataset().option(), options.dataset());
    }
    return pairs;
  }

  private static Round round(
      Scorer scorer,
      List<ScorePipeline.Pair<NumberedPair>> pairs,
      int batchTokens,
      int threads,
      Scorer.Count count) {
    long start = System.nanoTime();
    List<ScorePipeline.Chunk<NumberedPair>> chunks = new ArrayList<>();
    try (ScorePipeline<NumberedPair> pipeline =
        new ScorePipeline<>(pairs.iterator(), scorer, batchTokens, threads, count)) {
      pipeline.forEachRemaining(chunks::add);
    }
    rank(chunks);
    return new Round((System.nanoTime() - start) / 1e9, chunks);
  }

  /** The numbers of pairs in the order of a run: queries in input order, scores descending. */
  private static int[] rank(List<ScorePipeline.Chunk<NumberedPair>> chunks) {
    record Scored(NumberedPair pair, float score) {}
    return chunks.stream()
        .flatMap(
            chunk ->
                IntStream.range(0, chunk.pairs().size())
                    .mapToObj(i -> new Scored(chunk.pairs().get(i), chunk.scores().scores()[i])))
        .sorted(
            Comparator.comparingLong((Scored scored) -> scored.pair.queryPosition)
                .thenComparing(scored -> -scored.score))
        .mapToInt(scored -> (int) scored.pair.number)
        .toArray();
  }

  private static BenchReport report(
      Scoring scoring, Options options, List<Round> rounds, double gflops) {
    List<Round> fastestFirst =
        rounds.stream().sorted(Comparator.comparingDouble(Round::seconds)).toList();
    Round median = fastestFirst.get(rounds.size() / 2);
    int pairs = median.chunks.stream().mapToInt(chunk -> chunk.pairs().size()).sum();
    long tokens = (long) median.sum(Scorer.Prepared::tokens);
    long computed = (long) median.sum(prepared -> prepared.plan().computedTokens());
    long padded = (long) median.sum(prepared -> prepared.plan().paddedTokens());
    int longest =
        median.chunks.stream()
            .mapToInt(chunk -> chunk.scores().prepared().longest())
            .max()
            .orElse(0);
    int least =
        median.chunks.stream().mapToInt(chunk -> chunk.scores().batchTokens()).min().orElse(0);
    double limitSeconds =
        2.0
            * Architecture.of(scoring.reranker().config()).productParameters()
            * tokens
            / (gflops * 1e9);
    List<String> notes = new ArrayList<>(scoring.reranker().recipe().notes());
    notes.addAll(BatchTokens.notes(scoring.batchTokens(), least, longest));
    return new BenchReport(
        new Setting(
            scoring.hardware().description(),
            scoring.hardware().compute().toString(),
            options.threads(),
            rounds.size(),
            Math.max(least, longest)),
        new Speed(
            pairs,
            tokens,
            median.seconds,
            fastestFirst.get(0).seconds,
            pairs / median.seconds,
            tokens / median.seconds),
        new Work(
            (double) computed / tokens,
            padded,
            tokens + padded - computed,
            median.sum(Scorer.Prepared::tokenizeSeconds) / median.seconds,
            median.sum(Scorer.Prepared::planSeconds) / median.seconds),
        new Limit(gflops, limitSeconds / median.seconds),
        notes);
  }
}
